// Runs ONNX's own conformance tests: folders of a model, inputs and expected outputs.
//
//   ONNXConformance FOLDER... [--passes FILE] [--show]
//
// Every folder in a FOLDER is a test. With a list of tests that pass, those must pass, and no other may: the list only
// grows, by hand. Without it the names of the tests that pass are printed. --show also prints why others fail.
//
//   ONNXConformance export FOLDER
//
// Writes networks as ONNX files, with inputs and outputs, for others to judge.
import Apus
import ApusONNX
import Foundation

/// Why a test does not pass, or nil.
func problem(ofTest folder: String) -> String? {
  do {
    let model = try ONNXModel(contentsOf: folder + "/model.onnx")
    var sets = 0
    while FileManager.default.fileExists(atPath: "\(folder)/test_data_set_\(sets)") {
      let set = "\(folder)/test_data_set_\(sets)"
      func files(_ kind: String) -> [String] {
        (0..<100).map { "\(set)/\(kind)_\($0).pb" }.prefix { FileManager.default.fileExists(atPath: $0) }
      }
      let expected = try model.expectedResults(files("output"))
      let found = try model.results(forTestInputs: files("input"))
      guard !expected.isEmpty, found.count >= expected.count else { return "gives \(found.count) results" }
      for (place, (one, other)) in zip(found, expected).enumerated() {
        if let difference = difference(one, other) { return "result \(place) \(difference)" }
      }
      sets += 1
    }
    return sets == 0 ? "has no data" : nil
  } catch {
    return "\(error)"
  }
}

func difference(_ found: ONNXModel.TestResult, _ expected: ONNXModel.TestResult) -> String? {
  switch (found, expected) {
  case (.tensor(let a), .tensor(let b)): return difference(a, b)
  case (.sequence(let a), .sequence(let b)):
    guard a.count == b.count else { return "has \(a.count) parts instead of \(b.count)" }
    return zip(a, b).lazy.compactMap { difference($0, $1) }.first
  case (.none, .none): return nil
  default: return "is of another kind"
  }
}

/// The tolerances of ONNX's own runner.
func difference(_ found: HostArray, _ expected: HostArray) -> String? {
  guard found.type == expected.type else { return "is \(found.type) instead of \(expected.type)" }
  let (a, b) = (found.scalars(as: Double.self), expected.scalars(as: Double.self))
  for (x, y) in zip(a, b) where !(x == y || x.isNaN && y.isNaN || abs(x - y) <= 1e-7 + 1e-3 * abs(y)) {
    return "holds \(x) instead of \(y)"
  }
  return nil
}

func fail(_ text: String) -> Never {
  FileHandle.standardError.write(Data("ONNXConformance: \(text)\n".utf8))
  exit(1)
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.count == 2, arguments[0] == "export" {
  do {
    try Exports.write(to: arguments[1])
    exit(0)
  } catch {
    fail("\(error)")
  }
}
let roots = Array(arguments.prefix { !$0.hasPrefix("-") })
let list = arguments.firstIndex(of: "--passes").map { arguments[$0 + 1] }
let shows = arguments.contains("--show")
var passed: [String] = []
var total = 0
for root in roots {
  let names = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
  let tests = names.filter { FileManager.default.fileExists(atPath: "\(root)/\($0)/model.onnx") }
  guard !tests.isEmpty else { fail("there are no tests in \(root)") }
  total += tests.count
  for test in tests {
    let name = "\(root.split(separator: "/").last ?? "")/\(test)"
    if shows { FileHandle.standardError.write(Data("\(name)\n".utf8)) }
    if let problem = problem(ofTest: "\(root)/\(test)") {
      if shows { print("- \(name): \(problem)") }
    } else {
      passed.append(name)
      if list == nil { print(name) }
    }
  }
}
guard total > 0 else { fail("name the folders of the tests") }
if let list {
  guard let text = try? String(contentsOfFile: list, encoding: .utf8) else { fail("cannot read \(list)") }
  let wanted = Set(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") && !$0.isEmpty })
  let lost = wanted.subtracting(passed).sorted()
  let gained = Set(passed).subtracting(wanted).sorted()
  guard lost.isEmpty else { fail("no longer pass: \(lost.joined(separator: ", "))") }
  guard gained.isEmpty else { fail("pass but are not in \(list), add them: \(gained.joined(separator: ", "))") }
  print("ONNXConformance: \(passed.count) of \(total) tests pass, as \(list) says")
}
