//! What a program must not be able to do.

use guest_runtime::measure::MeasureControl;
use guest_runtime::ring::Ring;

/// Says that something the authority profile denies was tried and denied.
///
/// # Errors
///
/// If that cannot be said.
pub fn denied(
    ring: &mut Ring,
    control: MeasureControl,
    name: &str,
    interface_id: u64,
    observed: &str,
) -> Result<(), &'static str> {
    let said = control.denied(ring, name, interface_id, observed);
    said.map_err(|_| "telling of a denial")
}
