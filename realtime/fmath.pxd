"""Elementary functions with the same bits on every machine.

The C library's ``sin`` or ``exp`` may differ in the last bit between versions and processors; a decision that is recomputed years later on
another computer must not. These use only IEEE ``+ - * / sqrt`` in a fixed order. Coefficients: W. J. Cody and the public-domain fdlibm
kernels; errors stay below 2 ulp on the ranges used here (|x| < 1e5 for the trigonometric functions).
"""

cdef extern from * nogil:
    """
    #include <stdint.h>
    #include <string.h>
    #include <math.h>
    #ifndef WAVESTIM_FMATH
    #define WAVESTIM_FMATH
    #define WS_PI 3.14159265358979323846

    static inline void ws_sincos(double x, double *s, double *c) {
        double q = x * 0.63661977236758134308;              /* 2 / pi */
        double kd = (q + 6755399441055744.0) - 6755399441055744.0;  /* to the nearest whole number */
        int32_t k = (int32_t)kd;
        double r = x - kd * 1.57079632673412561417e+00;     /* pi / 2 in three parts */
        r = r - kd * 6.07710050630396597660e-11;
        r = r - kd * 2.02226624879595063154e-21;
        double z = r * r;
        double sp = r + r * z * (-1.66666666666666324348e-01 + z * (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04
                  + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
        double cp = 1.0 - 0.5 * z + z * z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05
                  + z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
        double odd = (double)(k & 1), even = 1.0 - odd;     /* quadrants without branches: loops over this are vectorised */
        *s = (double)(1 - (k & 2)) * (even * sp + odd * cp);
        *c = (double)(1 - ((k + 1) & 2)) * (even * cp + odd * sp);
    }

    static inline double ws_atan_unit(double x) {           /* 0 <= x <= 1 */
        double shift = 0.0;
        if (x > 0.41421356237309504880) { x = (x - 1.0) / (x + 1.0); shift = 0.78539816339744830962; }
        double z = x * x;                                   /* rational approximation on |x| <= tan(pi / 8) */
        double p = z * ((((-8.750608600031904122785e-1 * z - 1.615753718733365076637e1) * z - 7.500855792314704667340e1) * z
                 - 1.228866684490136173410e2) * z - 6.485021904942025371773e1);
        double d = ((((z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2) * z + 4.328810604912902668951e2) * z
                 + 4.853903996359136964868e2) * z + 1.945506571482613964425e2;
        return shift + (x * (p / d) + x);
    }

    static inline double ws_atan2(double y, double x) {
        double ax = x < 0.0 ? -x : x, ay = y < 0.0 ? -y : y, a;
        if (ax == 0.0 && ay == 0.0) return 0.0;
        a = ay > ax ? 1.57079632679489661923 - ws_atan_unit(ax / ay) : ws_atan_unit(ay / ax);
        if (x < 0.0) a = WS_PI - a;
        return y < 0.0 ? -a : a;
    }

    static inline double ws_exp(double x) {
        if (x > 700.0) x = 700.0;
        if (x < -700.0) return 0.0;
        double kd = (double)(int64_t)(x * 1.44269504088896338700 + (x >= 0.0 ? 0.5 : -0.5));
        double hi = x - kd * 6.93147180369123816490e-01, lo = kd * 1.90821492927058770002e-10, r = hi - lo;
        double t = r * r;
        double c = r - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 + t * (6.61375632143793436117e-05
                 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
        double y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
        int64_t bits = ((int64_t)kd + 1023) << 52;
        double scale;
        memcpy(&scale, &bits, 8);
        return y * scale;
    }

    static inline double ws_log(double x) {
        if (!(x > 1e-300)) x = 1e-300;
        int64_t bits;
        memcpy(&bits, &x, 8);
        int64_t k = (bits >> 52) - 1023;
        bits = (bits & 0x000FFFFFFFFFFFFFLL) | 0x3FF0000000000000LL;
        double m;
        memcpy(&m, &bits, 8);
        if (m > 1.41421356237309504880) { m = 0.5 * m; k += 1; }
        double f = m - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
        double t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
        double t2 = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
        double hfsq = 0.5 * f * f, dk = (double)k;
        return dk * 6.93147180369123816490e-01 - ((hfsq - (s * (hfsq + t1 + t2) + dk * 1.90821492927058770002e-10)) - f);
    }

    static inline double ws_wrap(double x) {                /* into (-pi, pi] */
        double q = x * 0.15915494309189533577;
        double k = (double)(int64_t)(q + (q >= 0.0 ? 0.5 : -0.5));
        double r = x - k * 6.28318530717958647693;
        if (r <= -WS_PI) r += 6.28318530717958647693;
        if (r > WS_PI) r -= 6.28318530717958647693;
        return r;
    }

    static inline double ws_clip(double x, double lo, double hi) { return x < lo ? lo : (x > hi ? hi : x); }
    #endif
    """
    double PI "WS_PI"
    void sincos "ws_sincos"(double x, double* s, double* c) noexcept
    double atan2 "ws_atan2"(double y, double x) noexcept
    double exp "ws_exp"(double x) noexcept
    double log "ws_log"(double x) noexcept
    double clip "ws_clip"(double x, double lo, double hi) noexcept
    double wrap "ws_wrap"(double x) noexcept
    double sqrt "sqrt"(double x) noexcept
    double fabs "fabs"(double x) noexcept
