"""Recordings as files: read as cases for a command, and written as cases, all of them or none."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from flowproof.cases import Case, case_of
from flowproof.conformance import Contract
from flowproof.drift.side import read_ids
from flowproof.errors import ConfigurationError
from flowproof.kit import ProviderKit
from flowproof.plurals import counted
from flowproof.recording import Converted, Recording, convert, public_values, read_recording
from flowproof.text_file import read_text

from .options import Command, option
from .tables import json_text, paragraph

__all__ = [
    "Names",
    "convert_recording",
    "modified_at",
    "name_options",
    "read_cases_of_files",
    "recording_options",
    "write_cases",
]


class Names(NamedTuple):
    """
    What names say of the values behind them.

    Args:
        volatile: Of members whose values mean nothing.
        redact: Of members and parameters that are secrets.
        keep: Of those that are none.
    """

    volatile: Sequence[str] = ()
    redact: Sequence[str] = ()
    keep: Sequence[str] = ()


def name_options(command: Command) -> Command:
    """``--volatile``, ``--redact`` and ``--keep``: what names say of the values behind them."""
    volatile = option(
        "--volatile",
        multiple=True,
        metavar="NAME",
        show_default=False,
        help="A member whose value means nothing, such as balance; may be repeated.",
    )
    redact = option(
        "--redact",
        multiple=True,
        metavar="NAME",
        show_default=False,
        help="A member or parameter of a recording whose values are secrets; may be repeated.",
    )
    keep = option(
        "--keep",
        multiple=True,
        metavar="NAME",
        show_default=False,
        help="A member or parameter of a recording whose values are neither secret nor personal; may be repeated.",
    )
    return volatile(redact(keep(command)))


def recording_options(command: Command) -> Command:
    """The options of the commands that make cases of recordings."""
    for each in (
        click.option("--force", is_flag=True, show_default=False, help="Replace files that are there already."),
        name_options,
        option(
            "--base-url",
            metavar="URL",
            show_default=False,
            help="Under which the provider was recorded.  [default: where most requests fit an operation]",
        ),
        option("--id", "case_id", metavar="NAME", show_default=False, help="Of the case.  [default: the file's name]"),
        option(
            "--output", type=click.Path(path_type=Path), default="cases", metavar="FOLDER", help="Where to write cases."
        ),
    ):
        command = each(command)
    return command


def convert_recording(
    recording: Recording,
    kit: ProviderKit,
    contract: Contract,
    *,
    fallback: datetime,
    base_url: str | None = None,
    names: "Names | None" = None,
) -> Converted:
    """A recording as a case of a provider, whose kit says what is volatile."""
    names = names if names is not None else Names()
    return convert(
        recording,
        contract,
        fallback=fallback,
        base_url=base_url,
        volatile={*kit.volatile, *names.volatile, *read_ids(contract)},
        fields=names.redact,
        kept=names.keep,
        public=public_values(kit.fixtures_folder()),
    )


def read_cases_of_files(files: Sequence[Path], kit: ProviderKit, contract: Contract, names: Names) -> list[Case]:
    """
    The cases in files, each of which is a case that `flowproof import` has written, or a recording.

    Raises:
        ConfigurationError: A file is neither, or of another provider.
    """
    return [_case(file, kit, contract, names) for file in files]


def _case(file: Path, kit: ProviderKit, contract: Contract, names: Names) -> Case:
    value = _imported(file)
    if value is None:
        recording = read_recording(file)
        value = convert_recording(recording, kit, contract, fallback=modified_at(file), names=names).case
    elif not any(_is_of(contract, each) for each in value["steps"]):
        raise ConfigurationError(
            f"{file} is a case of another provider: no request of it fits an operation of {kit.slug}.",
            "Name the provider that was recorded.",
        )
    return case_of(kit.slug, value)


def _imported(file: Path) -> Mapping[str, Any] | None:
    """The case in a file; None where it may be a recording."""
    with suppress(ValueError, RecursionError):
        value = json.loads(read_text(file))
        if isinstance(value, dict) and "steps" in value:
            return _checked(file, value)
    return None


def _checked(file: Path, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    A case as its schema has it.

    Raises:
        ConfigurationError: It is not.
    """
    from importlib.resources import files  # noqa: PLC0415 (a HAR file needs neither)

    from jsonschema import Draft202012Validator  # noqa: PLC0415

    schema = json.loads(files("flowproof.fixtures").joinpath("case.schema.json").read_text(encoding="utf-8"))
    error = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
    if error is not None:
        raise ConfigurationError(
            f"{file} is no case: {error.json_path} is not as fixtures/case.schema.json has it.", "Import it again."
        )
    return value


def _is_of(contract: Contract, step: Mapping[str, Any]) -> bool:
    return contract.operations.find(step["request"]["method"], step["request"]["path"]) is not None


def modified_at(file: Path) -> datetime:
    """When a file was last written: for recordings that do not say when they were made."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def write_cases(folder: Path, found: Sequence[Converted], *, force: bool) -> None:
    """
    Write cases to a folder, each to a file of its id, and report them; all or none.

    Raises:
        ConfigurationError: Two have one id, a file is there already, or one cannot be written.
    """
    texts = dict(_texts(folder, found, force=force))
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            partial = file.with_name(f".{file.name}.part")
            written.append(partial)
            partial.write_text(text, encoding="utf-8")
        for file in texts:
            file.with_name(f".{file.name}.part").replace(file)
    except OSError as error:
        for each in written:
            with suppress(OSError):
                each.unlink(missing_ok=True)
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.", "Name another --output.") from error
    for file, converted in zip(texts, found, strict=True):
        click.echo(_shown(file, converted))


def _texts(folder: Path, found: Sequence[Converted], *, force: bool) -> Iterator[tuple[Path, str]]:
    ids = [each.case["id"] for each in found]
    for each in found:
        file = folder / f"{each.case['id']}.json"
        if ids.count(each.case["id"]) > 1:
            raise ConfigurationError(f"Two recordings would be {file}.", "Import them one by one, each with --id.")
        if file.exists() and not force:
            raise ConfigurationError(f"{file} is there already.", "Name another --output or --id, or give --force.")
        yield file, f"{json_text(each.case)}\n"


def _shown(file: Path, each: Converted) -> str:
    numbers = (
        counted(len(each.case["steps"]), "step"),
        counted(each.bound, "value bound", "values bound"),
        f"{counted(each.replaced, 'secret or personal value', 'secrets and personal values')} replaced",
    )
    return "\n".join([f"wrote {file}: {', '.join(numbers)}", *(paragraph(f"  {note}") for note in each.notes)])
