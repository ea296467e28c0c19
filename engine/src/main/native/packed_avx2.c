/* Packed products with AVX2 alone. */
#define PACKED mojave_packed_avx2
#define VNNI 0
#include "packed_256.h"
