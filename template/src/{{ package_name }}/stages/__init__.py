"""One module for each stage of dvc.yaml, of the same name: `run` reads files, calls one part, writes files."""
