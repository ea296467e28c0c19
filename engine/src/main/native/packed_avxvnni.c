/* Packed products with AVX-VNNI (256-bit). */
#define PACKED mojave_packed_avxvnni
#define VNNI 1
#include "packed_256.h"
