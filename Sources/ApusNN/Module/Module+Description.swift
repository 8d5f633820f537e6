import ApusTensor

extension Module {
  /// The model as the code that builds it, one line a part, with the number of parameters of each.
  ///
  /// ```
  /// LeNet5                                          61,706
  ///   conv1: Conv2D(1, 6, kernel: 5, padding: 2)       156
  ///   ...
  /// ```
  public func describe() -> String {
    var rows: [(text: String, count: Int)] = []
    for (name, module) in modules {
      let depth = name.isEmpty ? 0 : name.split(separator: ".").count
      let last = name.split(separator: ".").last.map { "\($0): " } ?? ""
      let code = (module as? any CustomStringConvertible)?.description ?? "\(type(of: module))"
      rows.append((String(repeating: "  ", count: depth) + last + code, module.parameterCount))
    }
    let numbers = rows.map { Self.grouped($0.count) }
    let width = rows.map(\.text.count).max() ?? 0
    let digits = numbers.map(\.count).max() ?? 0
    _ = parameters  // names by this model's paths again, not by the parts'
    return zip(rows, numbers).map { row, number in
      let gap = width - row.text.count + digits - number.count + 2
      return row.count == 0 ? row.text : row.text + String(repeating: " ", count: gap) + number
    }.joined(separator: "\n")
  }

  /// A number with a comma between groups of three digits.
  private static func grouped(_ number: Int) -> String {
    var result = ""
    let digits = Array(String(number))
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
