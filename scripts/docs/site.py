"""Pages of the site that stand elsewhere in the repository, and links that lead out of `docs/`."""

import os
import re
from pathlib import Path

from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]

# Where each page stands in the repository, and on the site.
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "src/client/README.md": "client.md",
    "src/temporal/README.md": "temporal-plugin.md",
    "clients/python/README.md": "python.md",
    "clients/verify-go/README.md": "verify-go.md",
}

# What the theme would load from a server of somebody else's: where npm has it, and its name on the site.
SCRIPTS = {
    None: ("mermaid/dist/mermaid.min.js", "mermaid.min.js"),
    "https://unpkg.com/iframe-worker/shim": ("iframe-worker/shim/index.js", "iframe-worker.js"),
}

LINK = re.compile(r"(\]\(|(?:src|href)=\")([^)\"\s]+)")


def on_files(files, config):
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    for package, name in SCRIPTS.values():
        content = (Path(os.environ["COUNTERSIGN_DOCS_PACKAGES"]) / package).read_bytes()
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """A link to another page of the site leads there; one to anything else of the repository becomes the name of its file."""
    sources = {site: source for source, site in PAGES.items()}
    here = ROOT / sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def rewrite(match):
        before, link = match.groups()
        path, hash_, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or path == "":
            return match.group(0)
        target = (here.parent / path).resolve()
        known = str(target.relative_to(ROOT))
        if known in PAGES:
            return f"{before}{PAGES[known]}{hash_}{anchor}"
        if known.startswith("docs/"):
            return f"{before}{known.removeprefix('docs/')}{hash_}{anchor}"
        return f"{before}{OUTSIDE}{known}"

    return re.sub(
        r"\[([^\]]*)\]\(" + OUTSIDE + r"([^)]*)\)",
        lambda match: match.group(1) if match.group(1) == match.group(2) else f"{match.group(1)} (`{match.group(2)}`)",
        LINK.sub(rewrite, markdown),
    )


def on_post_page(output, page, config):
    return own_scripts(output, page.url)


def on_post_template(output, template_name, config):
    return own_scripts(output, template_name)


def own_scripts(output, url):
    for address, (_, name) in SCRIPTS.items():
        if address is not None:
            output = output.replace(address, get_relative_url(name, url))
    return output


# Marks a link to what is in the repository and not on the site.
OUTSIDE = "outside:"
