"""What an author is told of a module that cannot be imported. Nothing is built here."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SDK = Path(__file__).parent.parent


class Mistakes(unittest.TestCase):
    def complaint(self, **modules: str) -> str:
        """What building `plugin` says, which fails; `DIR` stands for the folder."""
        with tempfile.TemporaryDirectory() as made:
            # Links lead elsewhere on some machines.
            folder = Path(made).resolve()
            for name, text in modules.items():
                (folder / f"{name}.py").write_text(text)
            tool = folder / "bin" / "componentize-py"
            tool.parent.mkdir()
            tool.write_text("#!/bin/sh\nexit 1\n")
            tool.chmod(0o755)
            environment = {**os.environ, "PYTHONPATH": str(SDK), "PATH": f"{tool.parent}:{os.environ['PATH']}"}
            command = [sys.executable, "-B", "-m", "wellhead_sdk", "build", "plugin.py", "--quiet"]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            return done.stderr.replace(str(folder), "DIR")

    def test_a_mistake_in_the_syntax_is_a_file_a_line_and_a_message(self) -> None:
        for modules, file in (({"plugin": "x = (1"}, "plugin"), ({"plugin": "import rows", "rows": "x = (1"}, "rows")):
            said = self.complaint(**modules).splitlines()
            self.assertEqual(said[0], "error: plugin cannot be imported:")
            self.assertEqual(said[1], f'  File "DIR/{file}.py", line 1')
            self.assertEqual(said[-1], "SyntaxError: '(' was never closed")
            self.assertLess(len(said), 6)

    def test_another_exception_is_told_from_the_authors_code_on(self) -> None:
        said = self.complaint(plugin="import rows", rows="import json\njson.loads('{')")
        self.assertNotIn("importlib", said)
        self.assertNotIn("wellhead_sdk", said)
        frames = [line.strip() for line in said.splitlines() if line.startswith("  File ")]
        self.assertEqual(frames[0], 'File "DIR/plugin.py", line 1, in <module>')
        self.assertEqual(frames[1], 'File "DIR/rows.py", line 2, in <module>')
        self.assertIn("json.decoder.JSONDecodeError", said.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
