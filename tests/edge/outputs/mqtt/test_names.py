from edge.outputs.mqtt.names import slug, slugs


def test_names_that_would_be_one_are_told_apart() -> None:
    """By a piece of their hash, which depends on nothing else; the others keep their plain form."""
    short = slugs(["Chicken, rooster", "chicken rooster", "Dog", "+/#"])
    assert "dog" == short["Dog"]
    assert 4 == len(set(short.values()))
    assert short["+/#"] == slugs(["+/#", "犬"])["+/#"]
    assert all(each.startswith("chicken_rooster_") for name, each in short.items() if name[0] in "cC")


def test_a_password_in_a_name_is_not_made_here_but_hidden_before() -> None:
    """Names of sources come without it; what is left are letters, digits and underscores."""
    assert "rtsp_porch_local_audio" == slug("rtsp://***@porch.local/audio")


def test_ten_thousand_names_take_no_longer_than_they_must() -> None:
    """As a folder of recordings has them."""
    assert 10_000 == len(
        set(slugs(f"night/{number // 2}{'-' * (number % 2)}.wav" for number in range(10_000)).values())
    )
