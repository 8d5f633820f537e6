import ApusFormats

/// Small tables that can be named: `iris`, `wine` and `breast-cancer` are shipped inside the package, `diabetes` is made by
/// `scripts/get-tables`.
///
/// They have no test part. Their columns have names, the one to be predicted is the last one: `species`, `cultivar`,
/// `diagnosis` and `progression`. Classes are in scikit-learn's order; diabetes holds raw values (age in years and so on),
/// as scikit-learn's `load_diabetes(scaled=False)`.
///
/// Sources: UCI Machine Learning Repository, CC BY 4.0: R. A. Fisher, 1936, https://doi.org/10.24432/C56C76; S. Aeberhard
/// and M. Forina, 1991, https://doi.org/10.24432/C5PC7J; W. Wolberg, O. Mangasarian, N. Street and W. Street, 1993,
/// https://doi.org/10.24432/C5DW2B. See `Resources/ATTRIBUTION.md`. Diabetes: Least Angle Regression; Efron, Hastie,
/// Johnstone, Tibshirani; 2004; https://doi.org/10.1214/009053604000000067
public enum NamedTable: String, Sendable, CaseIterable {
  /// 150 flowers, 4 lengths, 3 species.
  case iris
  /// 178 wines, 13 measurements, 3 cultivars.
  case wine
  /// 569 tumours, 30 measurements, malignant or benign.
  case breastCancer = "breast-cancer"
  /// 442 patients, 10 measurements, the progression of the disease after a year as a number.
  case diabetes

  private var fileName: String { rawValue + ".csv" }

  /// The classes in scikit-learn's order.
  private var classNames: [String] {
    switch self {
    case .iris: ["setosa", "versicolor", "virginica"]
    case .wine: ["class_0", "class_1", "class_2"]
    case .breastCancer: ["malignant", "benign"]
    case .diabetes: []
    }
  }

  private var shipped: [UInt8]? {
    switch self {
    case .iris: PackageResources.iris_csv_gz
    case .wine: PackageResources.wine_csv_gz
    case .breastCancer: PackageResources.breast_cancer_csv_gz
    case .diabetes: nil
    }
  }

  func load(in folders: DataFolders, options: CSVOptions, schema: TableSchema?) throws -> LoadedData {
    var options = options
    if options.targets.isEmpty, options.classNames.isEmpty, options.kind != .regression {
      options.classNames = classNames
    }
    return try CSVDataset.load(try table(in: folders), name: rawValue, options: options, schema: schema)
  }

  private func table(in folders: DataFolders) throws -> CSVTable {
    guard let shipped else {
      let entry = entry(folders)
      guard let found = entry.found else { throw entry.missing() }
      return try CSVTable(contentsOf: "\(found)/\(fileName)")
    }
    let text = try GzipFile.decompress(shipped, limit: 1 << 20, file: fileName)
    return try CSVParser.parse(text, file: fileName, delimiter: nil)
  }

  func entry(_ folders: DataFolders) -> DataCatalog.Entry {
    let isShipped = shipped != nil
    return DataCatalog.Entry(
      name: rawValue, summary: summary, places: isShipped ? [] : folders.candidates(rawValue),
      command: isShipped ? "" : "scripts/get-tables", licence: licence,
      isPresent: { DataFolders.kind("\($0)/\(fileName)") == .file })
  }

  private var summary: String {
    switch self {
    case .iris: "flowers, 150 rows of 4 numbers, 3 classes"
    case .wine: "wines, 178 rows of 13 numbers, 3 classes"
    case .breastCancer: "tumours, 569 rows of 30 numbers, 2 classes"
    case .diabetes: "progression of a disease, 442 rows of 10 numbers, regression"
    }
  }

  private var licence: String {
    switch self {
    case .iris: "CC BY 4.0 (UCI, R. A. Fisher)"
    case .wine: "CC BY 4.0 (UCI, S. Aeberhard and M. Forina)"
    case .breastCancer: "CC BY 4.0 (UCI, W. Wolberg, O. Mangasarian, N. Street, W. Street)"
    case .diabetes: "none stated (Efron, Hastie, Johnstone, Tibshirani)"
    }
  }
}
