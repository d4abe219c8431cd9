"""The waveform stream of Intan RHX: bytes in, blocks into an intake. No GIL, no clock of its own; any cut of the bytes gives the same blocks.

A block is ``magic u32``, then 128 frames of ``timestamp u32`` and one u16 per channel (little-endian). A block counts when its magic is right, its
timestamps rise by one, and no other block begins within its last frame. Otherwise the next magic is looked for, byte by byte: TCP loses nothing, but
the other end may have been started again in the middle of a block or send other channels than it was asked to.
"""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove
from posix.unistd cimport read

from wavestim.hardware.monotonic cimport monotonic_ns
from wavestim.hardware.sources.intake cimport TTL, Intake

cdef uint32_t MAGIC = 0x2EF07A08
cdef int FRAMES = 128
cdef size_t ROOM = 1 << 19
cdef int WAIT_MS = 50

REASONS = ("stopped", "the stream ended", "silence", "nothing in the stream makes sense")
"""Why :meth:`BlockParser.run` returned, by its code."""
STOPPED, CLOSED, SILENT, NONSENSE = range(4)


cdef extern from *:
    """
    #include <poll.h>
    static int wr_readable(int fd, int ms) { struct pollfd p = {fd, POLLIN, 0}; return poll(&p, 1, ms); }
    """
    int wr_readable(int fd, int ms) noexcept nogil


cdef inline uint32_t _u32(const unsigned char* p) noexcept nogil:
    return p[0] | <uint32_t>p[1] << 8 | <uint32_t>p[2] << 16 | <uint32_t>p[3] << 24


cdef class BlockParser:
    """Parses the stream of one connection.

    Parameters
    ----------
    n_channels : int
        Amplifier channels, the first words of every frame.
    digital : bool
        The word of the digital inputs follows them.
    intake : Intake
        Of int16; gets samples around 0, and an event ``ttl`` whenever the digital word changes, from 0.
    """

    cdef Intake intake
    cdef int m, n_words, digital_word
    cdef bint digital, in_step, seen
    cdef size_t block_bytes, frame_bytes, held
    cdef unsigned char* buffer
    cdef int16_t* samples
    cdef int64_t counter
    cdef volatile bint finish
    cdef readonly int64_t n_blocks, n_strange

    def __cinit__(self, int n_channels, bint digital, Intake intake):
        if intake.dtype != "int16":
            raise ValueError("RHX gives bits; the sink has to take int16")
        if intake.m != n_channels:
            raise ValueError(f"{n_channels} channels for an intake of {intake.m}")
        self.intake = intake
        self.m = n_channels
        self.digital = digital
        self.n_words = n_channels + (1 if digital else 0)
        self.frame_bytes = 4 + 2 * <size_t>self.n_words
        self.block_bytes = 4 + FRAMES * self.frame_bytes
        self.buffer = <unsigned char*>malloc(ROOM + self.block_bytes)
        self.samples = <int16_t*>malloc(<size_t>FRAMES * n_channels * sizeof(int16_t))
        if self.buffer == NULL or self.samples == NULL:
            raise MemoryError
        self.digital_word = -1
        self.in_step = True

    def __dealloc__(self):
        free(self.buffer)
        free(self.samples)

    def feed(self, const unsigned char[::1] data, int64_t host_ns):
        """Bytes as they came, at this host time."""
        cdef size_t at = 0, n, room
        with nogil:
            while at < <size_t>data.shape[0]:
                room = ROOM + self.block_bytes - self.held
                n = data.shape[0] - at
                if n > room:
                    n = room
                memcpy(self.buffer + self.held, &data[at], n)
                self.held += n
                at += n
                self.parse(host_ns)

    def run(self, int fd, int64_t silence_ms, int64_t strange=50):
        """Move blocks from a descriptor until :meth:`stop`, its end, silence for so long, or so many strange blocks in a row.

        Returns
        -------
        int : index into :data:`REASONS`.
        """
        cdef int why
        with nogil:
            why = self.move(fd, silence_ms * 1_000_000, strange)
        return why

    cdef int move(self, int fd, int64_t silence_ns, int64_t strange) noexcept nogil:
        cdef int64_t quiet_since = monotonic_ns(), blocks = self.n_blocks, odd = self.n_strange
        cdef ssize_t got
        while not self.finish:
            if wr_readable(fd, WAIT_MS) <= 0:
                if monotonic_ns() - quiet_since > silence_ns:
                    return 2
                continue
            got = read(fd, self.buffer + self.held, ROOM + self.block_bytes - self.held)
            if got == 0 or (got < 0 and errno != EINTR and errno != EAGAIN):
                return 1
            if got < 0:
                continue
            quiet_since = monotonic_ns()
            self.held += got
            self.parse(quiet_since)
            if self.n_blocks != blocks:
                blocks = self.n_blocks
                odd = self.n_strange
            elif self.n_strange - odd > strange:
                return 3
        return 0

    def stop(self):
        self.finish = True

    def renew(self):
        """Another connection begins: what is left of the last one is forgotten."""
        self.held = 0
        self.in_step = True

    cdef void parse(self, int64_t host_ns) noexcept nogil:
        """Every whole block in the buffer; the rest moves to its front."""
        cdef size_t at = 0
        while self.held - at >= 4:
            if _u32(self.buffer + at) != MAGIC:
                self.out_of_step()
                at += 1
                continue
            if self.held - at < self.block_bytes:
                break
            if not self.consecutive(self.buffer + at + 4) or self.cut_short(self.buffer + at, self.held - at):
                self.in_step = True                               # a block of its own that makes no sense
                self.out_of_step()
                at += 1
                continue
            self.in_step = True
            self.take(self.buffer + at + 4, host_ns)
            at += self.block_bytes
        self.held -= at
        if at and self.held:
            memmove(self.buffer, self.buffer + at, self.held)

    cdef void out_of_step(self) noexcept nogil:
        if self.in_step:
            self.n_strange += 1
            self.intake.garbled += 1
        self.in_step = False

    cdef bint consecutive(self, const unsigned char* frames) noexcept nogil:
        cdef uint32_t first = _u32(frames)
        cdef int i
        for i in range(1, FRAMES):
            if _u32(frames + i * self.frame_bytes) != <uint32_t>(first + <uint32_t>i):
                return False
        return True

    cdef bint cut_short(self, const unsigned char* block, size_t held) noexcept nogil:
        """Whether the next block begins within the last frame, whose end is lost: its timestamp alone tells nothing of that."""
        cdef size_t at
        if held - self.block_bytes >= 4 and _u32(block + self.block_bytes) == MAGIC:
            return False
        for at in range(self.block_bytes - self.frame_bytes + 4, self.block_bytes):
            if at + 4 <= held and _u32(block + at) == MAGIC:
                return True
        return False

    cdef void take(self, const unsigned char* frames, int64_t host_ns) noexcept nogil:
        cdef uint32_t stamp = _u32(frames)
        cdef const unsigned char* word
        cdef int i, k, now
        cdef int16_t* into = self.samples
        if self.seen:                                             # 32 bits of the counter, unwrapped
            self.counter += <int32_t>(stamp - <uint32_t>self.counter)
        else:
            self.counter = stamp
            self.seen = True
        for i in range(FRAMES):
            word = frames + i * self.frame_bytes + 4
            for k in range(self.m):
                into[k] = <int16_t>(<uint16_t>(word[2 * k] | word[2 * k + 1] << 8) ^ <uint16_t>0x8000)
            into += self.m
        self.n_blocks += 1
        if self.intake.accept(<const char*>self.samples, FRAMES, self.counter, host_ns) == 0 or not self.digital:
            return
        for i in range(FRAMES):
            word = frames + i * self.frame_bytes + 4 + 2 * self.m
            now = word[0] | word[1] << 8
            if now != self.digital_word:
                if self.digital_word >= 0 or now != 0:           # lines that are up at the beginning are told, too
                    self.intake.note(self.counter + i, TTL, now)
                self.digital_word = now
