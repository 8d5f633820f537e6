/// Memory of this process, as the system counts it.
public enum ProcessMemory {
  /// The most memory that was resident so far, in MB; 0 where the system does not say.
  public static var peakMegabytes: Double { field("VmHWM:") }
  /// The memory that is resident now, in MB; 0 where the system does not say.
  public static var residentMegabytes: Double { field("VmRSS:") }

  private static func field(_ name: String) -> Double {
    guard let text = try? TextFile.read("/proc/self/status") else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let number = line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) }
      return ((number ?? 0) / 1024 * 10).rounded() / 10
    }
    return 0
  }
}
