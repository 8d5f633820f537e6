import ApusReference
import ApusTensor

/// `LLVMFuzzerRunDriver` of libFuzzer, which `-sanitize=fuzzer` links in.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Gives damaged files to a reader: `APUS_FUZZ_READER=npy Fuzzing -runs=1000000 CORPUS`. `scripts/fuzz` builds and runs it.
///
/// A reader may give arrays or throw one of the errors with a sentence. A crash, memory misused, more than 512 MiB or ten
/// seconds of processor time for one file end the run; libFuzzer keeps the file.
@main
enum Fuzzing {
  static func main() {
    Execution.install(ReferenceExecutor())
    guard Reader.chosen != nil else {
      print("Fuzzing: set APUS_FUZZ_READER to one of: \(Reader.allCases.map(\.rawValue).joined(separator: ", "))")
      return
    }
    var count = CommandLine.argc
    var words = CommandLine.unsafeArgv
    _ = runDriver(&count, &words) { start, size in
      Reader.chosen?.read(UnsafeBufferPointer(start: start, count: size))
      return 0
    }
  }
}
