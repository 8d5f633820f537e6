import Synchronization

/// The walk over a module's stored properties by reflection.
enum ModuleWalk {
  /// What can be inside a value; depends on its type alone, and is therefore remembered for each type.
  private enum Kind {
    case parameter, module, optional, list, dictionary, nothing
  }

  /// What a walk has found so far.
  private struct Findings {
    var parameters: [NamedParameter] = []
    var seen: Set<ObjectIdentifier> = []
    var modules: [(name: String, module: any Module)]?
    var kinds: [ObjectIdentifier: Kind]
  }

  /// Lists that hold no parameter, however long.
  private static let plainLists: Set<ObjectIdentifier> = [
    ObjectIdentifier([Int].self), ObjectIdentifier([Double].self), ObjectIdentifier([Float].self),
    ObjectIdentifier([String].self),
  ]
  private static let kinds = Mutex<[ObjectIdentifier: Kind]>([:])

  static func parameters(of module: some Module) -> [NamedParameter] {
    let findings = walk(module, listsModules: false)
    for named in findings.parameters { named.parameter.noteName(named.name) }
    return findings.parameters
  }

  static func modules(of module: some Module) -> [(name: String, module: any Module)] {
    walk(module, listsModules: true).modules ?? []
  }

  private static func walk(_ module: some Module, listsModules: Bool) -> Findings {
    let known = kinds.withLock { $0 }
    var findings = Findings(modules: listsModules ? [] : nil, kinds: known)
    visit(module, path: "", &findings)
    if findings.kinds.count != known.count {
      let found = findings.kinds
      kinds.withLock { $0.merge(found) { old, _ in old } }
    }
    return findings
  }

  private static func visit(_ module: any Module, path: String, _ findings: inout Findings) {
    findings.modules?.append((path, module))
    if let parts = module.namedParts {
      for (name, part) in parts { visitPart(part, path, name, &findings) }
    } else {
      visitProperties(of: Mirror(reflecting: module), path: path, &findings)
    }
  }

  private static func visitProperties(of mirror: Mirror, path: String, _ findings: inout Findings) {
    if let base = mirror.superclassMirror { visitProperties(of: base, path: path, &findings) }
    for (label, value) in mirror.children {
      visitPart(value, path, label.map(ParameterNames.snakeCase) ?? "", &findings)
    }
  }

  private static func visitPart(_ value: Any, _ path: String, _ name: String, _ findings: inout Findings) {
    let kind = kind(of: value, &findings)
    if kind == .nothing { return }
    let path = joined(path, name)
    switch kind {
    case .parameter:
      guard let parameter = value as? Parameter, findings.seen.insert(ObjectIdentifier(parameter)).inserted else {
        return
      }
      findings.parameters.append(NamedParameter(name: path, parameter: parameter))
    case .module:
      if let module = value as? any Module { visit(module, path: path, &findings) }
    case .optional:
      for child in Mirror(reflecting: value).children { visitPart(child.value, path, "", &findings) }
    case .list:
      for (position, child) in Mirror(reflecting: value).children.enumerated() {
        // The elements of a tuple without labels are called ".0", ".1".
        let label = child.label.flatMap { $0.hasPrefix(".") ? nil : ParameterNames.snakeCase($0) }
        visitPart(child.value, path, label ?? String(position), &findings)
      }
    case .dictionary:
      // Each child is a pair of key and value; sorted, because a dictionary's order changes from run to run.
      let pairs = Mirror(reflecting: value).children.map { Array(Mirror(reflecting: $0.value).children.map(\.value)) }
      let named = pairs.filter { $0.count == 2 }.map { (String(describing: $0[0]), $0[1]) }
      for (key, value) in named.sorted(by: { $0.0 < $1.0 }) { visitPart(value, path, key, &findings) }
    case .nothing: break
    }
  }

  private static func kind(of value: Any, _ findings: inout Findings) -> Kind {
    let identifier = ObjectIdentifier(type(of: value))
    if let known = findings.kinds[identifier] { return known }
    let found: Kind
    if value is any Module, Mirror(reflecting: value).displayStyle != .optional {
      found = .module
    } else if type(of: value) == Parameter.self {
      found = .parameter
    } else {
      found =
        switch Mirror(reflecting: value).displayStyle {
        case .optional: .optional
        case .collection, .tuple: plainLists.contains(identifier) ? .nothing : .list
        case .dictionary: .dictionary
        default: .nothing
        }
    }
    findings.kinds[identifier] = found
    return found
  }

  private static func joined(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : name.isEmpty ? path : path + "." + name
  }
}
