#ifndef APUS_RUNTIME_H
#define APUS_RUNTIME_H

/// Asks the umbrella library to install its executor, if the program links it.
///
/// Reading a tensor needs the compiler and a backend, which sit above the tensor library; a weak reference lets the
/// lower library reach them without depending on them. Returns 0 when the umbrella is not part of the program.
int apus_runtime_install_executor(void);

#endif
