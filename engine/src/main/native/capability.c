/* What this processor and operating system can run; compiled for any x86-64. */
#include <cpuid.h>
#include "mojave.h"

static int has(uint32_t word, int bit) {
    return word >> bit & 1;
}

/* Bit 0: the AVX2 variants can run; bit 1: AVX-VNNI; bit 2: AVX-512 with VNNI; bit 3: with VBMI and VBMI2 besides. */
EXPORT int32_t mojave_capability(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27) || !has(c, 28) || !has(c, 12) || !has(c, 29)) {
        return 0; /* no XSAVE enabled, AVX, FMA or F16C */
    }
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    uint32_t b7, c7, d7;
    if ((low & 6) != 6 || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7) || !has(b7, 5) || !has(b7, 8)) {
        return 0; /* the system does not save YMM, or no AVX2 or BMI2 */
    }
    int32_t result = 1;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && has(a, 4)) {
        result |= 2;
    }
    int wide = has(b7, 16) && has(b7, 17) && has(b7, 28) && has(b7, 30) && has(b7, 31) && has(c7, 11); /* F DQ CD BW VL VNNI */
    if (!wide || (low & 0xe6) != 0xe6) {
        return result;
    }
    return has(c7, 1) && has(c7, 6) ? result | 12 : result | 4; /* VBMI VBMI2 */
}
