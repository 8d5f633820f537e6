#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of this process, as the system counts it.
public enum ProcessMemory {
  /// The most memory that was resident so far, in MB; 0 where the system does not say.
  public static var peakMegabytes: Double { field("VmHWM:") }
  /// The memory that is resident now, in MB; 0 where the system does not say.
  public static var residentMegabytes: Double { field("VmRSS:") }

  private static func field(_ name: String) -> Double {
    // A file of the system has no size; it is read in one piece.
    let descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = max(read(descriptor, buffer.baseAddress, buffer.count), 0)
    }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
      let number = line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) }
      return ((number ?? 0) / 1024 * 10).rounded() / 10
    }
    return 0
  }
}
