"""The registry of models: versions and stages are Git tags in GTO's format, files lie in the DVC remote.

Each command of `registry.mk` is a module of the same name. None of them but `promote` needs what training needs.
"""
