#define SEARCH mojave_trellis_search_avx512
#include "trellis_search.h"
