"""`sed-eval`: evaluates a model on recordings."""

import json
import logging
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from sed.cli.arguments import FILE, FOLDER
from sed.cli.models import open_model, warn_if_trained_on
from sed.cli.output_paths import require_empty_folder, require_new_file

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("model", type=FILE)
@click.option("--data", type=FOLDER, multiple=True, required=True, help="Folder of recordings; may be repeated.")
@click.option("--fold", "folds", type=int, multiple=True, help="Only clips of this fold; may be repeated.")
@click.option("--json", "json_path", type=FILE, help="File for all metrics, events and truth as JSON.")
@click.option("--report", "report_path", type=FILE, help="File for a page with tables and pictures (.html).")
@click.option("--pictures", type=FOLDER, help="Folder for these pictures as PNG files.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@click.version_option(package_name="sed-edge")
def evaluate(
    model: Path,
    data: tuple[Path, ...],
    folds: tuple[int, ...],
    json_path: Path | None,
    report_path: Path | None,
    pictures: Path | None,
    force: bool,
) -> None:
    """Evaluate MODEL (an .onnx or a model.ckpt) on the recordings of the --data folders, and print the metrics."""
    for path in (json_path, report_path):
        if path is not None:
            require_new_file(path, force)
    if report_path is not None and report_path.suffix.lower() not in (".html", ".htm"):
        raise SettingError(
            f"{report_path}: the report is a page; name it .html, or give --pictures FOLDER for PNG files"
        )
    if json_path is not None and report_path is not None and json_path.resolve() == report_path.resolve():
        raise SettingError(f"{report_path}: is given to --json and to --report; give each a file of its own")
    if pictures is not None:
        require_empty_folder(pictures, force)
    from sed.evaluation import evaluate as evaluate_model
    from sed.evaluation import read_recordings
    from sed.report import html_page, report_values, save_pictures, sections, text_table

    recordings = read_recordings(data, folds)
    step_model = open_model(model)
    warn_if_trained_on(step_model, recordings)
    report = evaluate_model(step_model, recordings)
    click.echo(text_table(report))
    if json_path is not None:
        values = {"model": step_model.card.model_id, **report_values(report)}
        json_path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if report_path is None and pictures is None:
        return
    drawn = sections(step_model.card, report)
    if report_path is not None:
        report_path.write_text(html_page(step_model.card, report, drawn), encoding="utf-8")
    if pictures is not None:
        save_pictures(drawn, pictures)
