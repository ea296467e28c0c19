/* Products with GGUF blocks with AVX-VNNI (256-bit). */
#define GGUF mojave_gguf_avxvnni
#define VNNI 1
#include "gguf_256.h"
