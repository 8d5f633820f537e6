#include <oneapi/dnnl/dnnl.h>

// oneDNN runs on libgomp's pool; the number of threads is a setting of the calling thread.
extern void omp_set_num_threads(int);
