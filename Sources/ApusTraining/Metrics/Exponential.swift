#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// e to the power of x, under a name that a tensor's `exp` does not hide.
func exponential(_ x: Double) -> Double { exp(x) }

/// The natural logarithm of x, under a name that a tensor's `log` does not hide.
func logarithm(_ x: Double) -> Double { log(x) }
