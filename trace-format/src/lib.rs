//! The capbench wire format: frames, records and control messages, encoded in a kernel, decoded on a host.
