import Apus

/// Lists of numbers on the command line.
enum NumberList {
  /// Numbers from 1 to 2^20, separated by commas.
  static func widths(_ text: String, option: String, example: String) throws -> [Int] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map {
      Int($0.filter { $0 != " " }) ?? 0
    }
    guard numbers.allSatisfy({ $0 >= 1 && $0 <= 1 << 20 }) else {
      throw TrainingError(
        option, "cannot be '\(text)'", advice: "give whole numbers from 1 to 1048576, such as \(example)")
    }
    return numbers
  }

  /// Numbers separated by commas.
  static func numbers(_ text: String, option: String, example: String, positive: Bool = false) throws -> [Double] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0.filter { $0 != " " }) ?? .nan
    }
    guard numbers.allSatisfy({ $0.isFinite && (!positive || $0 > 0) }) else {
      throw TrainingError(
        option, "cannot be '\(text)'", advice: "give \(positive ? "positive " : "")numbers, such as \(example)")
    }
    return numbers
  }

  /// The shape of an input, the batch first.
  static func shape(_ text: String, option: String) throws -> [Int] {
    let numbers = try widths(text, option: option, example: "1,1,28,28")
    var product = 1
    for number in numbers where product <= 1 << 31 { product *= number }
    guard numbers.count >= 2, numbers.count <= 8, product <= 1 << 31 else {
      throw TrainingError(
        option, "cannot be '\(text)'", advice: "give 2 to 8 numbers, the batch first, at most 2^31 elements in all")
    }
    return numbers
  }
}

/// Names of metrics on the command line.
enum MetricNames {
  /// The names in a list with commas.
  static func list(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
  }
}
