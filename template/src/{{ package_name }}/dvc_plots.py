"""Let `dvc plots` write pages that open offline: with Vega inside instead of links to it.

The page is 0.9 MB of JavaScript, so it is made from the installed package vl-convert and not kept in Git.
"""

import subprocess

from .config import ROOT

PAGE = ROOT / ".dvc" / "plots_page.html"
HTML = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">{refresh_tag}<title>DVC plots</title>
<script type="module">
%s
for (const start of waiting) start();
</script>
<script>
// The plots call vegaEmbed at once, a module runs at the end: keep their calls until then.
const waiting = [];
window.vegaEmbed = (...given) => new Promise((done, fail) =>
  waiting.push(() => window.vegaEmbed(...given).then(done, fail)));
</script>
<style>body {font-family: system-ui, sans-serif; margin: 2rem} table {border-spacing: 1rem}</style>
</head><body>{plot_divs}</body></html>
"""


def main() -> None:
    """Write the page and tell DVC about it, for this clone only."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="5.20")
    bundle = bundle.replace("</script", "<\\/script")
    PAGE.write_text(HTML % bundle, encoding="utf-8")
    subprocess.run(["dvc", "config", "--local", "plots.html_template", PAGE.name], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
