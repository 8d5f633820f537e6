import Apus
import Testing

/// The path of a committed file; Fixtures/make_fixtures.py makes them.
func fixture(_ name: String) -> String {
  "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures/" + name
}

/// The tensors beside a committed network.
func values(_ name: String) throws -> [String: Tensor] {
  try SafeTensors(contentsOf: fixture(name + ".safetensors"), mapped: false).arrays().mapValues { Tensor($0) }
}

/// The largest difference, relative to the largest expected element.
func difference(_ found: Tensor, _ expected: Tensor) -> Double {
  guard found.type == expected.type else { return .infinity }
  let (a, b) = (found.scalars(as: Double.self), expected.scalars(as: Double.self))
  let scale = b.reduce(1e-3) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { $1.0 == $1.1 ? $0 : max($0, abs($1.0 - $1.1) / scale) }
}

/// The sentence of the error that `body` throws.
func sentence(_ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation) -> String {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: location)
    return ""
  } catch let error as FormatError {
    return error.description
  } catch {
    Issue.record("unexpected kind of error: \(error)", sourceLocation: location)
    return ""
  }
}
