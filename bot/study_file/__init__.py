"""Study folder (TOML) → `rules.study.Study`, or every problem found in it, with place and remedy."""

from bot.study_file.loading import BUILT_IN, check, folder_of, load_study
from bot.study_file.problems import Problem
from bot.study_file.provenance import ProvenanceLine, provenance_report, unapproved_safety_keys
from bot.study_file.publishing import digest_of, files_of, load_files

__all__ = [
    "BUILT_IN",
    "Problem",
    "ProvenanceLine",
    "check",
    "digest_of",
    "files_of",
    "folder_of",
    "load_files",
    "load_study",
    "provenance_report",
    "unapproved_safety_keys",
]
