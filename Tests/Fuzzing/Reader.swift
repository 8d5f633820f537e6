import ApusData
import ApusFormats
import ApusONNX
import ApusTensor
import Glibc

/// The readers of files that come from elsewhere.
enum Reader: String, CaseIterable {
  case safetensors, npy, npz, pytorch, onnx, hdf5, idx, wav, csv, picture

  /// The one that the environment names.
  static let chosen = getenv("APUS_FUZZ_READER").flatMap { Reader(rawValue: String(cString: $0)) }

  /// A file in memory, whose content is replaced for each input.
  private static let file: CInt = {
    let name = "/dev/shm/apus-fuzz-\(getpid())"
    let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    unlink(name)
    return descriptor
  }()
  private static let path = "/proc/self/fd/\(file)"

  /// Reads all there is in a file of these bytes.
  func read(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard ftruncate(Self.file, 0) == 0, pwrite(Self.file, bytes.baseAddress, bytes.count, 0) == bytes.count else {
      fatalError("the file in memory cannot be written")
    }
    let start = Self.processorSeconds
    defer { if Self.processorSeconds - start > 10 { fatalError("more than ten seconds for one file") } }
    do {
      try readAll(Self.path)
    } catch let error where error is FormatError || error is DataError || error is ShapeError {
      guard "\(error)".unicodeScalars.allSatisfy({ $0.value >= 32 }) else { fatalError("control characters: \(error)") }
    } catch {
      fatalError("an error without a sentence: \(error)")
    }
  }

  /// Seconds that this thread has computed.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func readAll(_ path: String) throws {
    switch self {
    case .safetensors: for array in try SafeTensors(contentsOf: path).arrays().values { touch(array) }
    case .npy: touch(try NPY.read(from: path))
    case .npz: for array in try NPZ.read(from: path).values { touch(array) }
    case .pytorch:
      let file = try PyTorchFile(contentsOf: path)
      for name in file.names { touch(try file.array(name)) }
    case .onnx: _ = try ONNXModel(contentsOf: path)
    case .hdf5: for (_, array) in try HDF5.read(from: path) { touch(array) }
    case .idx: touch(try IDX.read(from: path))
    case .wav: touch(try WAV(contentsOf: path).samples)
    case .csv: _ = try CSVTable(contentsOf: path)
    case .picture: touch(try Pictures.read(from: path, channels: 3))
    }
  }

  /// Reads every byte of an array.
  private func touch(_ array: HostArray) {
    let sum = array.withUnsafeBytes { $0.reduce(0 as UInt8) { $0 &+ $1 } }
    withExtendedLifetime(sum) {}
  }
}
