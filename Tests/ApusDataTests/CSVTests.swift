import ApusFormats
import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct CSVTests {
  private func table(_ text: String, delimiter: String? = nil) throws -> CSVTable {
    try CSVParser.parse(Array(text.utf8), file: "t.csv", delimiter: try delimiter.map { try CSVDelimiter($0) })
  }

  private func texts(_ table: CSVTable) throws -> [[String]] {
    try (0..<table.rowCount).map { row in try (0..<table.width).map { try table.text(row, $0) } }
  }

  private func load(_ text: String, _ change: (inout CSVOptions) -> Void = { _ in }) throws -> LoadedData {
    var options = CSVOptions()
    change(&options)
    return try CSVDataset.load(try table(text), name: "t.csv", options: options, schema: nil)
  }

  @Test func followsRFC4180() throws {
    #expect(try texts(table("a,b\r\n1,2\r\n")) == [["a", "b"], ["1", "2"]])
    #expect(try texts(table("a,b\n1,2")) == [["a", "b"], ["1", "2"]])
    #expect(try texts(table("\u{feff}a,b\n\n1,\n\r\n\n")) == [["a", "b"], ["1", ""]])
    #expect(
      try texts(table("\"a,1\",\"b \"\"c\"\"\"\n\"line\r\nbreak\", x ")) == [
        ["a,1", "b \"c\""], ["line\r\nbreak", "x"],
      ])
    #expect(try texts(table("\"\",\"\"\"\"\n1,2\r")) == [["", "\""], ["1", "2"]])
    #expect(
      try texts(table("é;\u{1F600}\n;;\n".replacingOccurrences(of: ";;", with: "1;2"))) == [
        ["é", "\u{1F600}"], ["1", "2"],
      ])
    let lines = try table("a,b\n\n\"x\ny\",2\n3,4\n")
    #expect((0..<3).map { lines.line($0) } == [1, 3, 5])
  }

  @Test func findsTheDelimiter() throws {
    for delimiter in [",", ";", "\t", "|"] {
      let found = try table("a\(delimiter)b\(delimiter)\"c,;|,;|,;|\"\n1\(delimiter)2\(delimiter)3\n")
      #expect(found.delimiter.character == delimiter && found.width == 3)
    }
    #expect(try table("a b:1\n2 3:1\n", delimiter: "space").width == 2)
    #expect(try table("a b:1\n2 3:1\n", delimiter: ":").width == 2)
    #expect(try texts(table("1,5;2\n", delimiter: ";")) == [["1,5", "2"]])
    for bad in ["", "ab", "x", "3", "\"", ".", "\n", "é", "\u{0}"] {
      #expect(message { _ = try CSVDelimiter(bad) }.hasPrefix("--delimiter: cannot be"), "\(bad)")
    }
  }

  @Test func readsNumbers() throws {
    let good: [(String, Double)] = [
      ("1", 1), (" -2.5 ", -2.5), ("+3e2", 300), (".5", 0.5), ("5.", 5), ("\"7\"", 7), ("1e-400", 0), ("0012", 12),
      ("123456789.123456789", 123456789.123456789),
    ]
    for (text, value) in good { #expect(try table("\(text),x\n").number(0, 0) == value, "\(text)") }
    #expect(try table("1e999,x\n").number(0, 0) == .infinity)
    for text in ["", "x", "1x", "1 2", "0x10", "inf", "nan", "1e", "--1", "1.2.3", "e5", "+", "1_000"] {
      #expect(try table("\(text),x\n").number(0, 0) == nil, "\(text)")
    }
    for text in ["", " ", "NA", "nan", "NaN", "null", "?", "\"NA\"", "\"\"", "N/A"] {
      #expect(try table("\(text),x\n").isMissing(0, 0), "\(text)")
    }
    for text in ["0", "na na", "none at all", "-", "Nano"] {
      #expect(try !table("\(text),x\n").isMissing(0, 0), "\(text)")
    }
  }

  @Test func refusesMalformedFilesWithTheirPlace() {
    func problem(_ text: String) -> String { message { _ = try table(text) } }
    #expect(problem("") == "t.csv: holds no rows; give a file with a header and rows")
    #expect(problem("\n\r\n\n").contains("holds no rows"))
    #expect(problem("a,b\n1,2,3\n").hasPrefix("t.csv, line 2: has 3 fields, the first row 2;"))
    #expect(problem("a,b\n\n1\n").hasPrefix("t.csv, line 3: has 1 fields"))
    #expect(
      problem("a,b\n1,\"2\n3,4\n").hasPrefix("t.csv, line 2, column 2: the field begins with a quote that is not"))
    #expect(problem("a,b\n1,x\"2\"\n").hasPrefix("t.csv, line 2, column 2: the field has a quote in the middle"))
    #expect(problem("a,b\n1,\"2\"3\n").hasPrefix("t.csv, line 2, column 2: the field goes on after its closing quote"))
    #expect(problem("a,b\n1\r2,3\n").contains("line 2, column 1: the field holds a carriage return without"))
    #expect(problem("a,b\n1,\u{0}\n").contains("line 2, column 2: the field holds a zero byte"))
    #expect(problem("a,b\n1,\"\u{0}\"\n").contains("zero byte"))
    #expect(problem(String(repeating: ",", count: 1 << 16) + "\n").contains("more than 65536 columns"))
    #expect(problem("a,b\n1," + String(repeating: "x", count: 1 << 24) + "\n").contains("longer than 16 MiB"))
    func bytes(_ bytes: [UInt8]) -> String {
      message {
        let table = try CSVParser.parse(bytes, file: "t.csv", delimiter: nil)
        _ = try texts(table)
      }
    }
    #expect(bytes([0xff, 0xfe, 97, 0]).contains("UTF-16"))
    #expect(bytes([97, 44, 98, 10, 0xc3, 0x28, 44, 98, 10]).hasPrefix("t.csv, line 2, column 1: is not text in UTF-8"))
  }

  /// Random bytes of the characters that matter never crash and never give rows of different widths.
  @Test func survivesRandomText() throws {
    var generator = PhiloxGenerator(seed: 3, stream: 0)
    let alphabet = Array("ab1,,;\"\"\n\r\n\u{0} .".utf8)
    for _ in 0..<2000 {
      let text = (0..<Int(generator.next() % 24)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
      do {
        let table = try CSVParser.parse(text, file: "t", delimiter: nil)
        for row in 0..<table.rowCount {
          for column in 0..<table.width { _ = (try table.text(row, column), table.number(row, column)) }
        }
        _ = try CSVDataset.load(table, name: "t", options: CSVOptions(), schema: nil)
      } catch let error as DataError {
        #expect(error.description.hasPrefix("t"))
      }
    }
  }

  @Test func textTargetsAreClasses() throws {
    let data = try load("x,y,kind\n1,2,b\n3,4,a\n5,6.5,b\n")
    #expect(data.train.classNames == ["a", "b"] && data.train.labels == [1, 0, 1])
    #expect(data.train.inputs.type == TensorType([3, 2], .float32))
    #expect(data.train.inputs.scalars(as: Float.self) == [1, 2, 3, 4, 5, 6.5])
    #expect(data.schema?.inputNames == ["x", "y"] && data.schema?.targets.map(\.name) == ["kind"])
  }

  @Test func numericTargetsAreClassesOrQuantities() throws {
    let few = "x,y\n1,10\n2,9\n3,10.0\n"
    #expect(try load(few).train.classNames == ["9", "10"])
    #expect(try load(few).train.labels == [1, 0, 1])
    let forced = try load(few) { $0.kind = .regression }
    #expect(forced.train.classCount == 0 && forced.train.targets.scalars(as: Float.self) == [10, 9, 10])
    let real = "x,y\n1,10\n2,9.5\n3,10\n"
    #expect(try load(real).train.targets.type == TensorType([3, 1], .float32))
    #expect(try load(real) { $0.kind = .classification }.train.classNames == ["9.5", "10"])
    let many = "x,y\n" + (0..<21).map { "\($0),\($0)\n" }.joined()
    #expect(try load(many).train.classCount == 0)
    #expect(try load(many) { $0.kind = .classification }.train.classCount == 21)
    let two = try load("a,b,c\n1,2,3\n4,5,6\n") { $0.targets = ["c", "a"] }
    #expect(
      two.train.targets.scalars(as: Float.self) == [3, 1, 6, 4] && two.train.inputs.scalars(as: Float.self) == [2, 5])
  }

  @Test func choosesColumns() throws {
    let text = "id,a,b,c,y\n1,2,3,4,u\n5,6,7,8,v\n"
    let some = try load(text) { $0.columns = ["c", "2"] }
    #expect(some.train.inputs.scalars(as: Float.self) == [4, 2, 8, 6])
    let rest = try load(text) {
      $0.ignored = ["id", "y"]
      $0.targets = ["b"]
    }
    #expect(rest.train.inputs.scalars(as: Float.self) == [2, 4, 6, 8] && rest.train.classNames == ["3", "7"])
    let coded = try load(text) {
      $0.columns = ["id", "a"]
      $0.categories = ["a"]
    }
    #expect(coded.schema?.inputNames == ["id", "a=2", "a=6"])
    #expect(coded.train.inputs.scalars(as: Float.self) == [1, 1, 0, 5, 0, 1])
    func problem(_ change: (inout CSVOptions) -> Void) -> String { message { _ = try load(text, change) } }
    #expect(problem { $0.targets = ["z"] }.contains("has no column 'z'; did you mean"))
    #expect(problem { $0.targets = ["6"] }.contains("or a number from 1 to 5"))
    #expect(problem { $0.columns = ["a", "2"] }.contains("named twice as an input"))
    #expect(problem { $0.columns = ["a", "y"] }.contains("'y' is both the target and an input"))
    #expect(problem { $0.ignored = ["y"] }.contains("'y' is both the target and left out"))
    #expect(
      problem {
        $0.columns = ["a"]
        $0.ignored = ["a"]
      }.contains("both an input and left out"))
    #expect(problem { $0.ignored = ["id", "a", "b", "c"] }.contains("no column left"))
    #expect(
      problem {
        $0.columns = ["a"]
        $0.categories = ["b"]
      }.contains("'b' is to be a category but is no input"))
    #expect(
      problem {
        $0.targets = ["y", "a"]
        $0.kind = .classification
      }.contains("has 2 target columns"))
    #expect(problem { $0.targets = ["y", "a"] }.contains("line 2, column 5 ('y'): 'u' is not a number"))
    #expect(problem { $0.kind = .regression }.contains("line 2, column 5 ('y'): 'u' is not a number"))
    #expect(message { _ = try load("a\n1\n2\n") }.contains("no column left"))
    #expect(message { _ = try load("x,y\n1,a\n2,a\n") }.contains("holds one class only ('a')"))
    #expect(message { _ = try load("x,x\n1,a\n2,b\n") }.contains("columns 1 and 2 are both called 'x'"))
    #expect(message { _ = try load("x,y\n") }.contains("holds no rows of values"))
  }

  @Test func findsHeaders() throws {
    let without = try load("5.1,3.5,setosa\n4.9,3,versicolor\n")
    #expect(without.train.count == 2 && without.schema?.inputNames == ["column 1", "column 2"])
    #expect(try load("a,,c\n1,2,u\n3,4,v\n").schema?.inputNames == ["a", "column 2"])
    #expect(try load("2019,2020,c\n1,2,u\n3,4,v\n") { $0.hasHeader = true }.schema?.inputNames == ["2019", "2020"])
    #expect(try load("u,v,k\nu,v,l\n") { $0.hasHeader = false }.train.count == 2)
  }

  @Test func categoriesAreOneHot() throws {
    let text = "colour,size,y\nred,1,a\nblue,2,b\n\"red\",3,a\n"
    let data = try load(text)
    #expect(data.schema?.inputNames == ["colour=blue", "colour=red", "size"])
    #expect(data.train.inputs.scalars(as: Float.self) == [0, 1, 1, 1, 0, 2, 0, 1, 3])
    let schema = try #require(data.schema)
    // A later file: columns in another order, one more, an unknown category.
    let later = try table("y,extra,size,colour\nb,?,9,green\na,?,8,blue\n")
    let read = try schema.dataset(later, name: "later")
    #expect(read.inputs.scalars(as: Float.self) == [0, 0, 9, 1, 0, 8] && read.labels == [1, 0])
    #expect(try schema.inputs(try table("size,colour\n4,red\n")).scalars(as: Float.self) == [0, 1, 4])
    func problem(_ text: String) -> String { message { _ = try schema.dataset(try table(text), name: "l") } }
    #expect(problem("colour,y\nred,a\n").contains("has no column 'size', which the model was trained with"))
    #expect(problem("colour,size,y\nred,1,c\n").contains("line 2, column 3 ('y'): the class 'c' is not one of"))
    #expect(problem("colour,size,y\nred,big,a\n").contains("line 2, column 2 ('size'): 'big' is not a number"))
    #expect(problem("colour,size,y\nred,,a\n").contains("line 2, column 2 ('size'): the value is missing"))
    #expect(problem("colour,size,y\nred,1e39,a\n").contains("too large"))
    let coded = try JSONEncoder().encode(schema)
    #expect(try JSONDecoder().decode(TableSchema.self, from: coded) == schema)
  }

  @Test func headerlessFilesAreReadByPosition() throws {
    let schema = try #require(try load("1,2,a\n3,4,b\n").schema)
    #expect(try schema.dataset(try table("5,6,b\n"), name: "l").labels == [1])
    #expect(try schema.inputs(try table("5,6\n")).scalars(as: Float.self) == [5, 6])
    #expect(message { _ = try schema.inputs(try table("5\n")) }.contains("has 1 columns, the training data 3"))
    #expect(message { _ = try schema.dataset(try table("5,6\n"), name: "l") }.contains("has 2 columns"))
  }

  @Test func refusesColumnsOfNeitherKind() {
    let mostlyNumbers = "x,y\n" + (0..<40).map { "\($0 == 7 ? "1,5" : "\($0)");\($0 % 2)\n" }.joined()
    let wrong = message { _ = try load(mostlyNumbers.replacingOccurrences(of: "x,y", with: "x;y")) }
    #expect(wrong.contains("line 9, column 1 ('x'): '1,5' is not a number, as most of the column are"), "\(wrong)")
    let free = "x,y\n" + (0..<1001).map { "t\($0),\($0 % 2)\n" }.joined()
    #expect(message { _ = try load(free) }.contains("column 1 ('x'): has more than 1000 different texts"))
    #expect(message { _ = try load("x,y\n1e39,1\n2,2\n") }.contains("line 2, column 1 ('x'): the number is too large"))
  }

  @Test func missingValuesFollowThePolicy() throws {
    let text = "x,k,y\n1,a,p\n,b,q\n5,,p\n9,a,q\nNA,a,p\n"
    #expect(
      message { _ = try load(text) }.hasPrefix("t.csv, line 3, column 1 ('x'): the value is missing; choose what"))
    let dropped = try load(text) { $0.missing = .drop }
    #expect(dropped.train.inputs.scalars(as: Float.self) == [1, 1, 9, 1] && dropped.train.labels == [0, 1])
    for (policy, value) in [(MissingPolicy.mean, Float(5)), (.median, 5), (.constant(-3), -3)] {
      let data = try load(text) { $0.missing = policy }
      #expect(data.train.inputs.scalars(as: Float.self)[3].isNaN)
      let preparation = try Preparation(fitting: data.train, schema: data.schema, by: .none)
      let filled = preparation.applied(to: data.train).inputs.scalars(as: Float.self)
      #expect(filled == [1, 1, 0, value, 0, 1, 5, 0, 0, 9, 1, 0, value, 1, 0])
      #expect(preparation.imputation?.values[0] == value)
    }
    // Fitted on the training part only.
    let data = try load("x,y\n1,a\n2,b\n30,a\n,b\n") { $0.missing = .mean }
    let preparation = try Preparation(fitting: data.train.subset([0, 1]), schema: data.schema, by: .none)
    #expect(preparation.applied(to: data.train).inputs.scalars(as: Float.self) == [1, 2, 30, 1.5])
    #expect(preparation.inputs(data.train.subset([3]).inputs).scalars(as: Float.self) == [1.5])
    #expect(message { _ = try Preparation(fitting: data.train.subset([3]), schema: data.schema) }.contains("no values"))
    #expect(message { _ = try load("x,y\n,a\n,b\n") { $0.missing = .mean } }.contains("column 1 ('x'): has no values"))
    #expect(message { _ = try load("x,y\n1,\n2,b\n") { $0.missing = .mean } }.contains("the target is missing"))
    #expect(message { _ = try load("x,y\n,a\n") { $0.missing = .drop } }.contains("holds no rows of values"))
  }

  @Test func policiesHaveNames() throws {
    for text in ["refuse", "drop", "mean", "median", "-1.5"] {
      let policy = try MissingPolicy(text)
      #expect(policy.description == text)
      let coded = try JSONEncoder().encode([policy])
      #expect(try JSONDecoder().decode([MissingPolicy].self, from: coded) == [policy])
    }
    for bad in ["", "zero", "nan", "inf", "1e39"] {
      #expect(message { _ = try MissingPolicy(bad) }.contains("give refuse, drop, mean, median or a number"), "\(bad)")
    }
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([MissingPolicy].self, from: Data("[\"x\"]".utf8)) }
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([CSVDelimiter].self, from: Data("[\"xy\"]".utf8)) }
  }

  @Test func readsFilesPlainAndCompressed() throws {
    try withFolder { folder in
      try put(Array("a,y\n1,u\n2,v\n".utf8), folder + "/d.csv")
      let plain = try DataCatalog.load(folder + "/d.csv")
      #expect(plain.train.labels == [0, 1] && plain.name == folder + "/d.csv")
      let gzip = Process()
      gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      gzip.arguments = ["gzip", folder + "/d.csv"]
      try gzip.run()
      gzip.waitUntilExit()
      #expect(try DataCatalog.load(folder + "/d.csv.gz").train.inputs.scalars(as: Float.self) == [1, 2])
      #expect(message { _ = try DataCatalog.load(folder + "/d.csv") }.contains("no such file"))
      try put([], folder + "/e.csv")
      #expect(message { _ = try DataCatalog.load(folder + "/e.csv") }.contains("holds no rows"))
      try put([1, 2], folder + "/e.csv.gz")
      #expect(message { _ = try DataCatalog.load(folder + "/e.csv.gz") }.contains("not a gzip file"))
    }
  }
}
