"""The findings of an examination, and their text."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Finding(NamedTuple):
    """A fault if `wrong`, else a note; with what to do about it."""

    wrong: bool
    text: str


@dataclass
class Report:
    """Measurements by part, and findings."""

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.wrong for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.parts, "findings": [finding._asdict() for finding in self.findings], "fine": self.fine}


def describe_report(report: Report) -> str:
    """The report for people."""
    parts, lines = report.parts, []
    if "versions" in parts:
        lines.append(("versions", ", ".join(f"{name} {version}" for name, version in parts["versions"].items())))
        lines.append(("machine", "{processor}, {cores} cores".format(**parts["machine"])))
    if "providers" in parts:
        lines.append(("providers", f"{', '.join(parts['providers']['available'])}; CUDA {parts['providers']['cuda']}"))
    if "model" in parts:
        model = parts["model"]
        lines.append(("model", f"{model['model']} ({model['path']})"))
        lines.append(("runs on", ", ".join(f"{name} ({count} nodes)" for name, count in model["nodes"].items())))
        share = model["step_seconds"] / model["hop_seconds"]
        lines.append(("speed", f"{1000 * model['step_seconds']:.1f} ms for {model['hop_seconds']:g} s, {share:.1%}"))
    if "seconds" in parts.get("sound", {}):
        sound = parts["sound"]
        kind = f"{sound['seconds']:.1f} s, {sound['sample_rate']} Hz, {sound['channels']} channel(s)"
        lines.append(("source", f"{sound['source']}: {kind}"))
        lines.append(("level", f"RMS {_dbfs(sound['rms_db'])}, peak {_dbfs(sound['peak_db'])}"))
        lines.append(("clipped", f"{sound['clipped']:.2%} of the samples"))
        lines.append(("DC offset", f"{sound['offset']:+.2%} of full scale"))
    lines += [("WRONG" if finding.wrong else "note", finding.text) for finding in report.findings]
    lines.append(("verdict", "fine" if report.fine else "something is wrong, see above"))
    return "\n".join(f"{name:<10} {text}" for name, text in lines)


def _dbfs(level: float | None) -> str:
    return "none" if level is None else f"{level:.1f} dBFS"
