"""C++ string literals of files, for the scripts that embed them."""


def escaped(byte):
    """A byte within a C++ string literal; three octal digits never run into what follows."""
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"


def literal(content):
    """A literal of pieces that every compiler takes, one a line of text, or as long as one."""
    lines = (line[at : at + 128] for line in content.splitlines(keepends=True) for at in range(0, len(line), 128))
    return "\n".join(f'     "{"".join(map(escaped, line))}"' for line in lines)
