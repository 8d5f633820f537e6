import Apus
import ArgumentParser

/// Options of subcommands that read data for training.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Columns of a CSV file to predict, by name or number (the last one).", valueName: "columns"))
  var target: String?

  @Option(help: ArgumentHelp("Columns of a CSV file to predict from (all others).", valueName: "columns"))
  var columns: String?

  @Option(help: ArgumentHelp("Columns of a CSV file to leave out.", valueName: "columns"))
  var ignore: String?

  @Option(
    help: ArgumentHelp("Columns of a CSV file whose numbers are names, such as postcodes.", valueName: "columns"))
  var categories: String?

  @Option(
    help: ArgumentHelp(
      "Missing values of a CSV file: refuse, drop (the row), mean, median or a number (refuse).", valueName: "policy"))
  var missing: String?

  @Option(
    help: ArgumentHelp(
      "Character between fields of a CSV file: comma, semicolon, tab, bar, space (found out).", valueName: "name"))
  var delimiter: String?

  @Option(
    help: ArgumentHelp(
      "Whether the first line of a CSV file names the columns: yes or no (found out).", valueName: "yes|no"))
  var header: String?

  @Option(
    help: ArgumentHelp(
      "Pictures of a folder become: a square of so many pixels, or HEIGHTxWIDTH (their own size if all have one up to "
        + "256x256, else at most 224).", valueName: "size"))
  var imageSize: String?

  @Option(
    help: ArgumentHelp("Channels of a folder's pictures: 1 (gray) or 3 (gray only if all are).", valueName: "number"))
  var imageChannels: Int?

  @Option(
    help: ArgumentHelp(
      "Files of an image folder that are no usable pictures: refuse or skip (refuse).", valueName: "policy"))
  var badImages: String?

  @Option(
    help: ArgumentHelp("Inputs become: standard (mean 0, deviation 1), minmax (0 to 1) or none.", valueName: "name"))
  var normalize: String?

  @Option(
    help: ArgumentHelp("Targets of a regression are learnt as: standard, minmax or none (standard).", valueName: "name")
  )
  var scaleTargets: String?

  @Option(
    help: ArgumentHelp(
      "Random changes of training pictures: standard (shift=2,rotate=10,zoom=0.1,shear=5), or terms such as "
        + "shift=2,rotate=10,zoom=0.1,shear=5,crop=2,flip,flip-vertical,noise=0.02,cutout=4,brightness=0.1,contrast=0.1,"
        + "mixup=0.2.", valueName: "changes"))
  var augment: String?

  @Option(
    help: ArgumentHelp("Part of the data set aside for the test, if they have no test part (0).", valueName: "part"))
  var testSplit: Double?

  @Option(
    help: ArgumentHelp(
      "Series: rows that a forecast looks back on (28). Text: symbols of a sample, as far as the gradient goes back (characters 64, words 35); words of a text with a class "
        + "or symbols of each text of a pair at most (64).", valueName: "number"))
  var window: Int?

  @Option(help: ArgumentHelp("Series: rows that are forecast (1).", valueName: "number")) var horizon: Int?

  @Option(
    help: ArgumentHelp(
      "Text: how often a character or word must occur not to be taken for unknown (5, 3; textclassifier 2).",
      valueName: "number"))
  var minimumCount: Int?

  @Option(help: ArgumentHelp("Text: so many different characters or words at most.", valueName: "number"))
  var vocabulary: Int?

  @Flag(help: "Text: take capital letters for small ones.") var lowercase = false

  @Option(
    help: ArgumentHelp(
      "Pairs of texts: sources are cut into characters, words or tokens, what stands between spaces (words; cmudict "
        + "characters).", valueName: "unit"))
  var sourceUnit: String?

  @Option(
    help: ArgumentHelp(
      "Pairs of texts: targets are cut into characters, words or tokens (words; cmudict tokens).", valueName: "unit"))
  var targetUnit: String?

  /// The options as a training takes them.
  ///
  /// - Parameter kind: what the targets are, by the task that was asked for; nil decides by the data.
  /// - Throws: `TrainingError` or `DataError`, each one sentence, when a value is impossible.
  func configuration(kind: TargetKind? = nil) throws -> DataConfiguration {
    var csv = CSVOptions()
    csv.targets = try list(target, "--target")
    csv.columns = try list(columns, "--columns")
    csv.ignored = try list(ignore, "--ignore")
    csv.categories = try list(categories, "--categories")
    csv.kind = kind
    if let missing { csv.missing = try MissingPolicy(missing) }
    csv.delimiter = try delimiter.map { try CSVDelimiter($0) }
    csv.hasHeader = try header.map { try choice($0, "--header", ["yes": true, "no": false]) }
    return try DataConfiguration(
      csv: csv, images: try ImageOptions(size: imageSize, channels: imageChannels, bad: badImages),
      normalization: try method(normalize, "--normalize"),
      targetScaling: try method(scaleTargets, "--scale-targets"),
      augmentation: try augment.map { try Augmentation($0) },
      testSplit: testSplit ?? 0, text: try text(), series: horizon.map { SeriesConfiguration(horizon: $0) })
  }

  /// The options of a text; nil when there are none.
  private func text() throws -> TextConfiguration? {
    guard
      window != nil || minimumCount != nil || vocabulary != nil || lowercase || sourceUnit != nil || targetUnit != nil
    else { return nil }
    var text = TextConfiguration()
    (text.window, text.minimumCount, text.limit) = (window, minimumCount, vocabulary)
    text.lowercases = lowercase ? true : nil
    let units = Dictionary(uniqueKeysWithValues: TextUnit.allCases.map { ($0.rawValue, $0) })
    text.unit = try sourceUnit.map { try choice($0, "--source-unit", units) }
    text.targetUnit = try targetUnit.map { try choice($0, "--target-unit", units) }
    return text
  }

  private func list(_ text: String?, _ option: String) throws -> [String] {
    guard let text else { return [] }
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    guard !names.contains("") else {
      throw TrainingError(
        option, "cannot be '\(text)'", advice: "give names or numbers of columns, separated by commas")
    }
    return names
  }

  private func method(_ text: String?, _ option: String) throws -> NormalizationMethod {
    let methods = NormalizationMethod.allCases
    return try text.map { try choice($0, option, Dictionary(uniqueKeysWithValues: methods.map { ($0.rawValue, $0) })) }
      ?? .standard
  }

  private func choice<Value>(_ text: String, _ option: String, _ values: [String: Value]) throws -> Value {
    guard let value = values[text.lowercased()] else {
      throw TrainingError(
        option, "cannot be '\(text)'", advice: "choose \(values.keys.sorted().joined(separator: " or "))")
    }
    return value
  }
}
