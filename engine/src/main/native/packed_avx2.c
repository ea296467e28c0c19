/* Packed products with AVX2 alone. */
#define PACKED mojave_packed_avx2
#define SPARSE mojave_packed_sparse_avx2
#define VNNI 0
#include "packed_256.h"
#include "sparse_256.h"
