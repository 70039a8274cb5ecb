"""A study folder as text, so that a published version can be kept whole, shown and run for good."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.rules.study import Study
from bot.study_file.loading import folder_of, load_study


def files_of(study: str | Path) -> dict[str, str]:
    """Every TOML file of the folder, by its path within it."""
    folder = folder_of(study)
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.toml"))
    }


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 over all files with their names: two folders that say the same have the same digest."""
    told = json.dumps(dict(files), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def load_files(files: Mapping[str, str]) -> Study:
    """The study of files that were kept.

    Raises:
        StudyFileFaulty: with every problem found.
    """
    with TemporaryDirectory() as kept:
        for name, text in files.items():
            path = Path(kept) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_study(Path(kept))
