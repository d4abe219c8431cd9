"""The seam between the rooms: the two C structs that cross it, each handed over as a PyCapsule that bears its name.

``BlockSink`` takes what a source received; ``LightPort`` is how the engine thread reaches a light driver. Neither side knows the other.
All functions are called without the GIL; ``ctx`` stays valid while the Python object that made the capsule is alive.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t


ctypedef enum SampleKind:
    FLOAT32_UV = 0
    INT16_BITS = 1       # of the converter; uV per bit is in the engine's configuration


ctypedef struct BlockSink:
    void* ctx
    # samples: n_samples x n_channels of `kind`, C order; first_sample: the source's own counter; host_ns: monotonic receive time.
    # Returns the number of samples taken; the rest found no room and is counted as dropped.
    int (*push)(void* ctx, const void* samples, int n_samples, int64_t first_sample, int64_t host_ns) noexcept nogil
    SampleKind kind      # what the sink takes


ctypedef struct LightPort:
    void* ctx
    # Schedule the pattern in `slot` to start at device_ns on the device's own clock (unwrapped, since boot). flags: bit 0 = dark (sham).
    # `decision` comes back with the acknowledgement. Returns 0, or a negative code when the frame could not be sent.
    int (*fire)(void* ctx, int32_t decision, uint8_t slot, uint8_t flags, int64_t device_ns) noexcept nogil
    int (*heartbeat)(void* ctx, uint32_t counter) noexcept nogil
    int (*abort)(void* ctx) noexcept nogil
