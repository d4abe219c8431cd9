from wavestim.realtime.tick cimport Tick


cdef class Engine(Tick):
    cdef readonly object config
    cdef list calibrations
