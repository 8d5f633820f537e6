import ApusTensor
import Testing

@testable import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.serialized) struct AtomicFileTests {
  private struct Interrupted: Error {}

  @Test func writesAndReplaces() throws {
    try withFolder { folder in
      let path = folder + "/a"
      try AtomicFile.write("first", to: path)
      #expect(try fileBytes(path) == Array("first".utf8))
      chmod(path, 0o640)
      try AtomicFile.write(to: path) { writer in
        for index in 0..<100_000 { try writer.write([UInt8(index & 255), UInt8(index >> 8 & 255)]) }
        try writer.write([UInt8](repeating: 9, count: 300_000))
        #expect(writer.byteCount == 500_000)
      }
      let bytes = try fileBytes(path)
      #expect(bytes.count == 500_000 && bytes[513] == 1 && bytes[499_999] == 9)
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640, "permissions stay")
      #expect(listing(folder) == ["a"])
    }
  }

  @Test func leavesTheOldFileOnFailure() throws {
    try withFolder { folder in
      let path = folder + "/a"
      try AtomicFile.write("old", to: path)
      #expect(throws: Interrupted.self) {
        try AtomicFile.write(to: path) { writer in
          try writer.write([UInt8](repeating: 1, count: 200_000))
          throw Interrupted()
        }
      }
      #expect(try fileBytes(path) == Array("old".utf8))
      #expect(listing(folder) == ["a"])
    }
  }

  @Test func followsLinksAndDevices() throws {
    try withFolder { folder in
      try AtomicFile.write("old", to: folder + "/real")
      #expect(symlink(folder + "/real", folder + "/link") == 0)
      try AtomicFile.write("new", to: folder + "/link")
      #expect(try fileBytes(folder + "/real") == Array("new".utf8))
      #expect(listing(folder) == ["link", "real"])
    }
    try AtomicFile.write("gone", to: "/dev/null")
    #expect(message { try AtomicFile.write("gone", to: "/dev/full") }.contains("no space left on device"))
  }

  @Test func reportsUnwritablePlaces() throws {
    #expect(message { try AtomicFile.write("x", to: "/nowhere/a") }.contains("create the folder first"))
    #expect(message { try AtomicFile.write("x", to: "/tmp") }.contains("name a file, not a folder"))
    #expect(message { try AtomicFile.write("x", to: "") }.contains("path is empty"))
    #expect(message { try AtomicFile.write("x", to: "/proc/apus") }.hasPrefix("/proc/apus: cannot be written"))
    let long = "/tmp/" + String(repeating: "n", count: 300)
    #expect(message { try AtomicFile.write("x", to: long) }.contains("cannot be written"))
  }

  @Test func removesLeftovers() throws {
    try withFolder { folder in
      try AtomicFile.write("x", to: folder + "/.a.apus-12-zz.tmp")
      try AtomicFile.write("x", to: folder + "/.ab.apus-12-zz.tmp")
      try AtomicFile.write("x", to: folder + "/a")
      #expect(AtomicFile.removeLeftovers(of: folder + "/a") == 1)
      #expect(listing(folder) == [".ab.apus-12-zz.tmp", "a"])
    }
  }

  /// A full disk, played by the limit on file sizes: high enough not to disturb the tests beside this one.
  @Test func survivesAFullDisk() throws {
    let limit = 48 << 20
    var old = rlimit()
    try #require(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) == 0)
    signal(SIGXFSZ, SIG_IGN)
    var low = old
    low.rlim_cur = rlim_t(limit)
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &low) == 0)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
    let large = HostArray(type: TensorType([limit + 1], .uint8)) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
    let small = HostArray([Float(1), 2], shape: [2])
    try withFolder { folder in
      let tensors = folder + "/a.safetensors"
      try SafeTensors.write(["a": small], to: tensors)
      #expect(message { try SafeTensors.write(["a": large], to: tensors) }.contains("file too large"))
      #expect(try SafeTensors(contentsOf: tensors).array("a").scalars(as: Float.self) == [1, 2])
      let archive = folder + "/a.npz"
      try NPZ.write(["a": small], to: archive)
      #expect(message { try NPZ.write(["a": large], to: archive) }.contains("file too large"))
      #expect(try NPZ.read(from: archive)["a"]?.scalars(as: Float.self) == [1, 2])
      #expect(message { try NPY.write(large, to: folder + "/b.npy") }.contains("raise the limit"))
      #expect(listing(folder) == ["a.npz", "a.safetensors"])
    }
  }
}
