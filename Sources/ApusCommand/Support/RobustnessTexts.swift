import Apus

/// Reports of ensembles and attacks as text for people.
enum RobustnessTexts {
  /// How well an ensemble does.
  static func ensemble(_ report: EnsembleReport) -> String {
    let names = report.members.map(\.run) + ["mean of the members", "best member", "ensemble"]
    let width = names.map(\.count).max() ?? 0
    func row(_ name: String, _ accuracy: Double?, _ loss: Double) -> String {
      let rate = accuracy.map { "accuracy " + percent($0) + "  " } ?? ""
      return name.padded(to: width) + "  " + rate + "loss \(Rounding.text(loss, 4))"
    }
    var lines = report.members.map { row($0.run, $0.accuracy, $0.loss) }
    lines.append(row("mean of the members", report.meanMemberAccuracy, report.meanMemberLoss))
    lines.append(row("best member", report.bestMemberAccuracy, report.bestMemberLoss))
    lines.append(row("ensemble", report.accuracy, report.loss))
    let differ =
      report.accuracy == nil
      ? "members' outputs differ by \(Rounding.text(report.disagreement, 4)) (standard deviation)"
      : "two members differ on \(percent(report.disagreement)) of the samples"
    lines.append("\(differ); \(report.samples) samples, \(report.part) part of \(report.data)")
    return lines.joined(separator: "\n")
  }

  /// How a run does under attack.
  static func attack(_ report: AttackReport) -> String {
    let way = report.steps == 1 ? report.method.rawValue : "\(report.method.rawValue), \(report.steps) steps"
    let goal = report.target.map { ", toward \($0)" } ?? ""
    func row(_ name: String, _ accuracy: Double?, _ loss: Double) -> String {
      let rate = accuracy.map { "accuracy " + percent($0) + "  " } ?? ""
      return name.padded(to: 14) + "  " + rate + "loss \(Rounding.text(loss, 4))"
    }
    var lines = [
      "\(report.run) on \(report.samples) samples, \(report.part) part of \(report.data); \(way), norm "
        + "\(report.norm.rawValue)\(goal)",
      row("clean", report.cleanAccuracy, report.cleanLoss),
    ]
    for attack in report.attacks {
      let reached = attack.targetRate.map { "  taken for the target " + percent($0) } ?? ""
      lines.append(row("epsilon \(attack.epsilon)", attack.accuracy, attack.loss) + reached)
    }
    lines += report.examples.enumerated().map { number, example in
      "example \(number + 1), sample \(example.sample): \(verdict(example.original)) -> \(verdict(example.adversarial))"
    }
    if let saved = report.saved { lines.append("examples written to \(saved)") }
    return lines.joined(separator: "\n")
  }

  private static func verdict(_ verdict: AttackReport.Verdict) -> String {
    "\(verdict.class) (\(percent(verdict.probability)))"
  }

  private static func percent(_ part: Double) -> String { "\(Rounding.text(part * 100, 2)) %" }
}
