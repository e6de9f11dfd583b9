"""Pages about the public classes and functions of p2e, from its source text.

Nothing is imported, so neither PyTorch nor a compiler is needed to write them.
"""

import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

import griffe

from website.documents import Documents, api_page, source_page
from website.markdown import line, prose, write_page

OPTIONS = {"warnings": False, "returns_named_value": False, "returns_multiple_items": False}
FIRST_SENTENCE = re.compile(r".+?\.(?=\s|$)", re.DOTALL)


def write_api(documents: Documents) -> None:
    """A page for each folder of p2e and each of its modules; their files become pages too."""
    package = griffe.load(
        "p2e",
        search_paths=[str(documents.repository)],
        docstring_parser="google",
        docstring_options=OPTIONS,
    )
    for module in modules_below(package):
        file = file_of(module)
        documents.sources.add(file)
        parts = package_page(module) if module.is_init_module else module_page(module)
        write_page(documents.target / api_page(file), "\n\n".join(parts) + "\n")


def modules_below(module: griffe.Module) -> Iterator[griffe.Module]:
    """The module and all modules in it."""
    yield module
    for child in children_of(module):
        yield from modules_below(child)


def children_of(package: griffe.Module) -> list[griffe.Module]:
    """The modules in a folder, without what they import: its files, then its folders by layer."""
    found = [
        member
        for member in package.members.values()
        if isinstance(member, griffe.Module) and not member.is_alias
    ]
    layers = layers_of([child for child in found if child.is_init_module])
    return sorted(found, key=lambda child: (layers.get(child.name, -1), child.name))


def layers_of(folders: list[griffe.Module]) -> dict[str, int]:
    """The layer of each folder: it imports from folders of smaller numbers alone."""
    imports = {
        folder.name: {
            other.name
            for other in folders
            for module in modules_below(folder)
            for name in module.imports.values()
            if other is not folder and name.startswith(f"{other.path}.")
        }
        for folder in folders
    }
    sorter = TopologicalSorter(imports)
    sorter.prepare()
    layers: dict[str, int] = {}
    while sorter.is_active():
        ready = sorter.get_ready()
        layers |= dict.fromkeys(ready, max(layers.values(), default=-1) + 1)
        sorter.done(*ready)
    return layers


def file_of(module: griffe.Module) -> str:
    """A module's file, relative to the repository."""
    return f"{module.path.replace('.', '/')}{'/__init__' if module.is_init_module else ''}.py"


def package_page(module: griffe.Module) -> Iterator[str]:
    """The folder's docstring, and a table of its folders and files."""
    yield f"# {module.path.replace('.', '/')}"
    yield prose(text_of(module))
    children = children_of(module)
    rows = [f"| [{shown(child)}]({place(child)}.md) | {summary(child)} |" for child in children]
    yield "\n".join(["| part | what |", "|---|---|", *rows])
    entries = [f"{shown(child)} <{place(child)}>" for child in children]
    yield "\n".join(["```{toctree}", ":hidden:", "", *entries, "```"])


def shown(module: griffe.Module) -> str:
    """A folder's name ends with a slash."""
    return f"{module.name}/" if module.is_init_module else module.name


def place(module: griffe.Module) -> str:
    """A module's page, from that of its folder."""
    return f"{module.name}/index" if module.is_init_module else module.name


def module_page(module: griffe.Module) -> Iterator[str]:
    """A module's docstring, the link to its text, and its public classes and functions."""
    file = file_of(module)
    yield f"# {module.name}"
    yield f"```{{py:module}} {module.path}\n```"
    yield prose(text_of(module))
    yield f"[{file}]({'../' * (file.count('/') + 1)}{source_page(file)})"
    for member in module.members.values():
        if not member.is_alias and not member.name.startswith("_"):
            if isinstance(member, griffe.Class):
                yield class_entry(member)
            elif isinstance(member, griffe.Function):
                yield function_entry(member, ":::")


def class_entry(found: griffe.Class) -> str:
    """A class with its arguments, and its public methods and properties."""
    bases = ", ".join(f"`{base}`" for base in found.bases)
    parts = [*([f"Bases: {bases}"] if bases else []), *docstring(found)]
    for member in found.members.values():
        if member.is_alias or member.name.startswith("_"):
            continue
        if isinstance(member, griffe.Function):
            parts.append(function_entry(member, ":::"))
        elif isinstance(member, griffe.Attribute) and is_shown(member):
            parts.append(attribute_entry(member))
    arguments = signature(found.parameters)
    return directive("::::", "class", f"{found.name}({arguments})", (), parts)


def is_shown(attribute: griffe.Attribute) -> bool:
    """Properties, and the fields of a class that no constructor tells."""
    told = "dataclass" in (attribute.parent.labels if attribute.parent else ())
    return "property" in attribute.labels or (
        attribute.annotation is not None
        and "instance-attribute" not in attribute.labels - {"class-attribute"}
        and not told
    )


def attribute_entry(found: griffe.Attribute) -> str:
    """A field or property with its type."""
    kind = "property" if "property" in found.labels else "attribute"
    options = (f":type: {written(found.annotation)}",) if found.annotation is not None else ()
    return directive(":::", kind, found.name, options, docstring(found))


def function_entry(found: griffe.Function, fence: str) -> str:
    """A function or method with its signature."""
    returns = f" -> {written(found.returns)}" if found.returns is not None else ""
    in_class = isinstance(found.parent, griffe.Class)
    options = tuple(f":{name}:" for name in ("classmethod", "staticmethod") if name in found.labels)
    head = f"{found.name}({signature(found.parameters)}){returns}"
    return directive(fence, "method" if in_class else "function", head, options, docstring(found))


def directive(fence: str, kind: str, head: str, options: tuple[str, ...], parts: list[str]) -> str:
    """A directive of Sphinx that describes a part of a Python module."""
    lines = [f"{fence}{{py:{kind}}} {' '.join(head.split())}", *options]
    return "\n".join([*lines, "", "\n\n".join(parts), fence])


def signature(parameters: griffe.Parameters) -> str:
    """The arguments without `self`, as Python writes them."""
    found = [one for one in parameters if one.name not in ("self", "cls")]
    words: list[str] = []
    keyword_only = False
    for one in found:
        if one.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            words.append("*")
        keyword_only = keyword_only or one.kind in (
            griffe.ParameterKind.keyword_only,
            griffe.ParameterKind.var_positional,
        )
        words.append(argument(one))
    return ", ".join(words)


def argument(one: griffe.Parameter) -> str:
    """One argument with annotation and default."""
    stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    name = f"{stars.get(one.kind, '') if one.kind else ''}{one.name}"
    annotated = name if one.annotation is None else f"{name}: {written(one.annotation)}"
    if one.default is None or name.startswith("*"):
        return annotated
    return f"{annotated}{' = ' if one.annotation is not None else '='}{one.default}"


def written(annotation: str | griffe.Expr) -> str:
    """An annotation in which the names of p2e are complete, so that Sphinx finds what they mean."""
    if isinstance(annotation, str):
        return annotation
    return "".join(
        part.canonical_path
        if isinstance(part, griffe.ExprName) and part.canonical_path.startswith("p2e.")
        else str(part)
        for part in annotation.iterate(flat=True)
    )


def docstring(found: griffe.Object) -> list[str]:
    """The paragraphs of a docstring, its sections as lists."""
    parts: list[str] = []
    for section in found.docstring.parsed if found.docstring else []:
        if isinstance(section, griffe.DocstringSectionText):
            parts.append(prose(section.value))
        elif isinstance(section, griffe.DocstringSectionParameters):
            rows = [f"- `{one.name}`: {line(one.description)}" for one in section.value]
            parts.append("\n".join(["Arguments:", "", *rows]))
        elif isinstance(section, griffe.DocstringSectionRaises):
            rows = [f"- `{one.annotation}`: {line(one.description)}" for one in section.value]
            parts.append("\n".join(["Raises:", "", *rows]))
        elif isinstance(section, griffe.DocstringSectionReturns):
            parts.append("Returns: " + " ".join(line(one.description) for one in section.value))
    return parts


def text_of(module: griffe.Module) -> str:
    """A module's docstring, which has no sections."""
    return module.docstring.value if module.docstring else ""


def summary(module: griffe.Module) -> str:
    """The first sentence of a module's docstring, within a table."""
    found = FIRST_SENTENCE.match(text_of(module))
    return line(found[0] if found else text_of(module)).replace("|", "\\|")
