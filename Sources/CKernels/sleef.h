// SPDX-License-Identifier: Apache-2.0
//
// Prototypes of the SLEEF functions used, for the vector types of the including file. libsleef's own header would do, but
// it declares nothing for instruction sets the compiler flags do not name.
//
// Needs: V, APUS_SLEEF(function, accuracy) giving the full name.
V APUS_SLEEF(exp, u10)(V);
V APUS_SLEEF(expm1, u10)(V);
V APUS_SLEEF(log, u10)(V);
V APUS_SLEEF(log1p, u10)(V);
V APUS_SLEEF(sin, u10)(V);
V APUS_SLEEF(cos, u10)(V);
V APUS_SLEEF(tan, u10)(V);
V APUS_SLEEF(tanh, u10)(V);
V APUS_SLEEF(atan, u10)(V);
V APUS_SLEEF(erf, u10)(V);
V APUS_SLEEF(erfc, u15)(V);
V APUS_SLEEF(pow, u10)(V, V);
V APUS_SLEEF(atan2, u10)(V, V);
