"""A component of an author's module: what the module exports decides which interfaces the component has, and
componentize-py runs the module once and keeps what came of it."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path

from .export import exported
from .resources import Resources
from .streaming import Streaming

_HERE = Path(__file__).parent
_MANIFEST = "plugin.json"


class BuildError(Exception):
    """A component cannot be made, and why."""


def build(module: str, output: Path, folder: Path) -> None:
    """Makes a component of a module of this folder. Hosts look beside it for the manifest: where the folder has one, a copy
    is put there."""
    tool = componentize_py()
    interfaces = _interfaces(module, folder)
    with tempfile.TemporaryDirectory(prefix="wellhead-sdk-") as made:
        stage = Path(made)
        (stage / "wellhead_entry.py").write_text(_entry(module, interfaces))
        shutil.copytree(_HERE / "wit", stage / "wit")
        component = stage / "component.wasm"
        command = [tool, "--quiet", "--wit-path", str(stage / "wit"), "--world", _world(interfaces), "componentize"]
        for path in (stage, folder, _HERE.parent):
            command += ["--python-path", str(path)]
        done = subprocess.run(
            [*command, "wellhead_entry", "--output", str(component)], capture_output=True, text=True
        )
        if done.returncode:
            raise BuildError(f"componentize-py cannot make a component of {module}:\n{done.stderr or done.stdout}")
        output.parent.mkdir(parents=True, exist_ok=True)
        # First, because a component without one is refused.
        if (folder / _MANIFEST).is_file():
            _put(folder / _MANIFEST, output.with_suffix(f".{_MANIFEST}"))
        _put(component, output)


def _put(made: Path, output: Path) -> None:
    """Moved into place, because a host that watches the folder must never see half a file."""
    partial = output.with_name(f".{output.name}.partial")
    shutil.copyfile(made, partial)
    partial.replace(output)


def componentize_py() -> str:
    """The one beside this Python, which is that of its environment; else the one in the path."""
    tool = shutil.which("componentize-py", path=sysconfig.get_path("scripts")) or shutil.which("componentize-py")
    if tool is None:
        raise BuildError("componentize-py is not installed: pip install 'wellhead-sdk[build]'")
    return tool


def _interfaces(module: str, folder: Path) -> list[str]:
    """The optional interfaces of the exported class. The module runs under this Python first, whose messages about mistakes
    are the better ones."""
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        importlib.import_module(module)
    except Exception as error:
        raise BuildError(f"{module} cannot be imported:\n{_own_words(error, folder)}") from error
    source = exported()
    optional = (("resources", Resources), ("streaming", Streaming))
    return [name for name, base in optional if issubclass(source, base)]


def _own_words(error: Exception, folder: Path) -> str:
    """As Python prints it, but from the author's code on: how it was imported helps nobody. A mistake in the syntax has its
    place in the error itself, and no code that ran to it."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).rstrip()
    frame = error.__traceback__
    while frame is not None and not _is_authors(Path(frame.tb_frame.f_code.co_filename), folder):
        frame = frame.tb_next
    return "".join(traceback.format_exception(error.with_traceback(frame))).rstrip()


def _is_authors(file: Path, folder: Path) -> bool:
    return file.is_relative_to(folder) and not file.is_relative_to(_HERE)


def _world(interfaces: list[str]) -> str:
    if len(interfaces) == 2:
        return "plugin-full"
    return "-".join(("plugin", *interfaces))


def _entry(module: str, interfaces: list[str]) -> str:
    imports = [f"import {module}", "from wellhead_sdk.guest.datasource import Datasource"]
    imports += [f"from wellhead_sdk.guest.{name} import {name.title()}" for name in interfaces]
    # Last, because it keeps the sources of all that was imported.
    imports.append("from wellhead_sdk.guest import entry")
    return "\n".join((*imports, ""))


def main(arguments: list[str]) -> int:
    """`build MODULE.py [-o OUT.wasm] [--quiet]`; the exit code."""
    usage = "usage: python -m wellhead_sdk build MODULE.py [-o OUT.wasm] [--quiet]"
    output = None
    quiet = "--quiet" in arguments
    if quiet:
        arguments.remove("--quiet")
    if "-o" in arguments:
        at = arguments.index("-o")
        output = "".join(arguments[at + 1 : at + 2])
        del arguments[at : at + 2]
    if arguments[:1] != ["build"] or len(arguments) != 2 or output == "":
        print(usage, file=sys.stderr)
        return 2
    source = Path(arguments[1]).with_suffix(".py").resolve()
    if not source.is_file():
        print(f"error: {source} is not there\n{usage}", file=sys.stderr)
        return 2
    target = Path(output) if output else source.with_suffix(".wasm")
    try:
        build(source.stem, target, source.parent)
    except (BuildError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not quiet:
        print(f"{target}: {os.path.getsize(target)} bytes", file=sys.stderr)
    return 0
