extension Metric {
  /// `kappa`: how much more often predicted and actual classes agree than by chance, `(po - pe) / (1 - pe)`, where `po`
  /// is the fraction of agreements and `pe` the fraction expected if both were drawn independently; 0 where chance
  /// explains everything (`pe = 1`).
  ///
  /// Jacob Cohen (1960). scikit-learn: `cohen_kappa_score`.
  public static let cohenKappa = Metric.confusion("kappa") { matrix in
    let all = Double(matrix.total)
    guard all > 0 else { return 0 }
    let chance = matrix.classes.reduce(0) { $0 + Double($1.predicted) / all * (Double($1.actual) / all) }
    return chance < 1 ? (matrix.accuracy - chance) / (1 - chance) : 0
  }
}
