#define SEARCH mojave_trellis_search_avx2
#include "trellis_search.h"
