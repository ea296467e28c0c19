/* Packed products with AVX-VNNI (256-bit). */
#define PACKED mojave_packed_avxvnni
#define SPARSE mojave_packed_sparse_avxvnni
#define VNNI 1
#include "packed_256.h"
#include "sparse_256.h"
