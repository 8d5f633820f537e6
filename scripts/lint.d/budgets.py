"""The checks of scripts/lint that swift format does not make. Prints file:line and what to do; exits 1 on any failure."""
import json
import os
import re
import subprocess
import sys

SOURCE_LINES, TEST_LINES = 500, 800
INVARIANT_WITHIN = 12  # lines between the sentence and the declaration

failures = []


def fail(path, line, text):
  failures.append((path, line, text))


def tracked(*patterns):
  command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
  names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
  return sorted({name for name in names if name and os.path.isfile(name)})


def lines_of(path):
  with open(path, encoding="utf-8", errors="replace") as file:
    return file.read().splitlines()


def code_of(line):
  """The line without its comment and without what stands in string literals."""
  line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
  return "" if line.lstrip().startswith(("//", "*", "/*")) else line.split("//")[0]


def check_sizes(path, lines):
  limit, kind = (TEST_LINES, "test") if path.startswith("Tests/") else (SOURCE_LINES, "source")
  if len(lines) > limit and not path.endswith(".pb.swift"):  # a generator made it
    fail(path, limit + 1, f"{len(lines)} lines: split it, a {kind} file has at most {limit}")


def check_words(path, lines):
  for number, line in enumerate(lines, 1):
    word = re.search(r"\b(TODO|FIXME|XXX)\b|fatalError\(\"(?:not |un)implemented|\bnotImplemented\b", line)
    if word:
      fail(path, number, f"'{word.group(0)}': do it now, or file an issue and delete the remark")


def has_invariant(lines, index, word):
  above = []
  for back in range(index - 1, max(-1, index - 1 - INVARIANT_WITHIN), -1):
    text = lines[back].strip()
    if text.startswith("//"):
      above.append(text)
    elif not text.startswith("@"):
      break
  return any(re.search(re.escape(word) + r"`?\s*:\s*\S", text) for text in above)


def check_unsafe(path, lines):
  if path.endswith(".pb.swift"):  # a generator made it
    return
  in_tests = path.startswith("Tests/")
  for index, line in enumerate(lines):
    code = code_of(line)
    if "@unchecked Sendable" in code and not has_invariant(lines, index, "@unchecked Sendable"):
      fail(path, index + 1, "@unchecked Sendable: write its invariant directly above, as '/// `@unchecked Sendable`: why'")
    if "nonisolated(unsafe)" in code and not in_tests:
      beside = "//" in line.split("nonisolated(unsafe)")[1]
      if not beside and not has_invariant(lines, index, "nonisolated(unsafe)"):
        fail(path, index + 1, "nonisolated(unsafe): write its invariant above it, as '/// `nonisolated(unsafe)`: why'")


def check_machine_paths(path, lines):
  for number, line in enumerate(lines, 1):
    found = re.search(r"(?<![\w.])/(work|farm|root|tmp|home|Users)/[A-Za-z.]", line)
    if found:
      fail(path, number, f"'{found.group(0)}...': a path of one machine; make it relative, or ask the system for it")


def read_layers():
  rank, hidden = {}, {}
  lines = [line for line in lines_of("scripts/lint.d/layers.txt") if line.strip() and not line.startswith("#")]
  for floor, line in enumerate(reversed(lines)):
    names, _, unseen = line.partition("!")
    for name in names.split():
      rank[name], hidden[name] = floor, set(unseen.split())
  return rank, hidden


def manifest_line(target):
  for number, line in enumerate(lines_of("Package.swift"), 1):
    if f'name: "{target}"' in line and ".library" not in line:
      return number
  return 1


def check_dependencies():
  described = subprocess.run(["swift", "package", "dump-package"], capture_output=True, text=True)
  if described.returncode != 0:
    fail("Package.swift", 1, "the manifest does not parse: " + described.stderr.strip().splitlines()[-1])
    return
  rank, hidden = read_layers()
  targets = {target["name"]: target for target in json.loads(described.stdout)["targets"]}
  # Targets whose files stand in Tests/, libraries that tests share included.
  tests = {name for name, t in targets.items() if t["type"] == "test" or (t.get("path") or "").startswith("Tests/")}
  direct = {}
  for name, target in targets.items():
    named = [next(iter(d.values())) for d in target["dependencies"]]
    direct[name] = {entry[0] for entry in named if entry[0] in targets}

  def all_below(name, seen=None):
    seen = set() if seen is None else seen
    for other in direct[name] - seen:
      seen.add(other)
      all_below(other, seen)
    return seen

  for name, target in targets.items():
    line = manifest_line(name)
    if name in tests:
      continue
    if name not in rank:
      fail("Package.swift", line, f"{name} has no floor: add it to scripts/lint.d/layers.txt")
      continue
    for other in sorted(direct[name]):
      if other in tests:
        fail("Package.swift", line, f"{name} depends on {other}, which only tests may")
      if other in rank and rank[other] >= rank[name]:
        fail("Package.swift", line, f"{name} depends on {other}, which is not below it (scripts/lint.d/layers.txt)")
      if other in hidden[name]:
        fail("Package.swift", line, f"{name} must not see {other} (scripts/lint.d/layers.txt)")

  for name, target in targets.items():
    folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name
    below = all_below(name)
    for path in tracked(f"{folder}/*.swift"):
      for number, line in enumerate(lines_of(path), 1):
        found = re.match(r"\s*(?:@\w+\s+|public |package |internal |private )*import (?:\w+ )?(\w+)", line)
        if not found or found.group(1) not in targets or found.group(1) == name:
          continue
        other = found.group(1)
        if other not in below:
          fail(path, number, f"import {other}: {name} does not depend on it; name it in Package.swift if it lies below")
        elif name not in tests and other in hidden.get(name, ()):
          fail(path, number, f"import {other}: {name} must not see it (scripts/lint.d/layers.txt)")


def main():
  for path in tracked("*.swift", "*.c", "*.h"):
    lines = lines_of(path)
    check_sizes(path, lines)
    check_words(path, lines)
    if path.endswith(".swift"):
      check_unsafe(path, lines)
  for path in tracked("*.swift", "*.c", "*.h", "*.py", "*.md", "*.txt", "*.json", "Makefile", "scripts/*", ".ci/*"):
    check_machine_paths(path, lines_of(path))
  check_dependencies()
  for path, line, text in sorted(failures):
    print(f"{path}:{line}: {text}", file=sys.stderr)
  return 1 if failures else 0


if __name__ == "__main__":
  sys.exit(main())
