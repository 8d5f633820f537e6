/// The walk over a module's stored properties by reflection.
enum ModuleWalk {
  /// What a walk has found so far.
  private struct Findings {
    var parameters: [NamedParameter] = []
    var seen: Set<ObjectIdentifier> = []
    var modules: [(name: String, module: any Module)]?
  }

  static func parameters(of module: some Module) -> [NamedParameter] {
    var findings = Findings()
    visit(module, path: "", &findings)
    for named in findings.parameters { named.parameter.noteName(named.name) }
    return findings.parameters
  }

  static func modules(of module: some Module) -> [(name: String, module: any Module)] {
    var findings = Findings()
    findings.modules = []
    visit(module, path: "", &findings)
    return findings.modules ?? []
  }

  private static func visit(_ module: any Module, path: String, _ findings: inout Findings) {
    findings.modules?.append((path, module))
    if let parts = module.namedParts {
      for (name, part) in parts { visitPart(part, path: joined(path, name), &findings) }
    } else {
      visitProperties(of: Mirror(reflecting: module), path: path, &findings)
    }
  }

  private static func visitProperties(of mirror: Mirror, path: String, _ findings: inout Findings) {
    if let base = mirror.superclassMirror { visitProperties(of: base, path: path, &findings) }
    for (label, value) in mirror.children {
      if isPlain(value) { continue }
      visitPart(value, path: joined(path, label.map(ParameterNames.snakeCase) ?? ""), &findings)
    }
  }

  private static func visitPart(_ value: Any, path: String, _ findings: inout Findings) {
    if let parameter = value as? Parameter {
      if findings.seen.insert(ObjectIdentifier(parameter)).inserted {
        findings.parameters.append(NamedParameter(name: path, parameter: parameter))
      }
      return
    }
    if let module = value as? any Module { return visit(module, path: path, &findings) }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      for child in mirror.children { visitPart(child.value, path: path, &findings) }
    case .collection, .tuple:
      for (position, child) in mirror.children.enumerated() {
        if position == 0, isPlain(child.value) { return }
        let label = child.label.flatMap { $0.hasPrefix(".") ? nil : ParameterNames.snakeCase($0) }
        visitPart(child.value, path: joined(path, label ?? String(position)), &findings)
      }
    case .dictionary:
      // Each child is a pair of key and value; sorted, because a dictionary's order changes from run to run.
      let pairs = mirror.children.map { Array(Mirror(reflecting: $0.value).children.map(\.value)) }
      let named = pairs.filter { $0.count == 2 }.map { (String(describing: $0[0]), $0[1]) }
      for (key, value) in named.sorted(by: { $0.0 < $1.0 }) { visitPart(value, path: joined(path, key), &findings) }
    default: break
    }
  }

  /// Whether a value is of a type that cannot hold a parameter; the common ones, to be quick.
  private static func isPlain(_ value: Any) -> Bool {
    let type = type(of: value)
    return type == Int.self || type == Double.self || type == Bool.self || type == String.self
  }

  private static func joined(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : name.isEmpty ? path : path + "." + name
  }
}
