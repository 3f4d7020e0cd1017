//! The driver against a model of the device: registers, control conversation
//! and queues as QEMU's `virtio-serial-pci` has them, in memory.

use super::super::virtqueue::device::DeviceQueue;
use super::*;
use std::boxed::Box;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

/// What the model does.
#[derive(Clone)]
struct Behaviour {
    features: [u32; 2],
    /// Names of the ports; `None` is a port without one, as the console is.
    ports: Vec<Option<&'static str>>,
    /// The host listens.
    open: bool,
    /// Answers nothing.
    dead: bool,
    /// Does not accept the features.
    picky: bool,
    /// Takes no data.
    stalled: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            features: [FEATURE_MULTIPORT, FEATURE_VERSION_1],
            ports: vec![None, Some("org.example"), Some("capbench.trace")],
            open: true,
            dead: false,
            picky: false,
            stalled: false,
        }
    }
}

/// The device.
struct Model {
    behaviour: Behaviour,
    status: u8,
    feature_select: u32,
    queue_select: u16,
    queues: [DeviceQueue; 16],
    /// Bytes that came out of each port.
    output: Vec<Vec<u8>>,
    /// The driver's messages, as (port, event, value).
    heard: Vec<(u32, u16, u16)>,
}

impl Model {
    fn new(behaviour: Behaviour) -> Self {
        Model {
            output: vec![Vec::new(); behaviour.ports.len()],
            behaviour,
            status: 0,
            feature_select: 0,
            queue_select: 0,
            queues: [DeviceQueue::default(); 16],
            heard: Vec::new(),
        }
    }

    fn queue(&mut self) -> &mut DeviceQueue {
        &mut self.queues[usize::from(self.queue_select)]
    }

    fn doorbell(&mut self, queue: u16) {
        if self.behaviour.dead {
            return;
        }
        match queue {
            CONTROL_RECEIVE => {}
            CONTROL_TRANSMIT => self.converse(),
            queue => self.carry(queue),
        }
    }

    /// Takes the driver's messages and answers them.
    fn converse(&mut self) {
        let queue = usize::from(CONTROL_TRANSMIT);
        while let Some((descriptor, address, length, writable)) = self.queues[queue].pop() {
            assert_eq!((length as usize, writable), (ControlMessage::LENGTH, false));
            // SAFETY: the driver's buffer, eight bytes long.
            let bytes = unsafe { address.cast::<[u8; 8]>().read_volatile() };
            self.queues[queue].push(descriptor, 0);
            let message = ControlMessage::from_bytes(bytes);
            self.heard
                .push((message.port, message.event, message.value));
            match message.event {
                ControlMessage::DEVICE_READY => {
                    for port in 0..self.behaviour.ports.len() as u32 {
                        self.say(port, ControlMessage::PORT_ADD, 1, "");
                    }
                }
                ControlMessage::PORT_READY => {
                    if let Some(name) = self.behaviour.ports[message.port as usize] {
                        let name = name.to_string() + "\0";
                        self.say(message.port, ControlMessage::PORT_NAME, 1, &name);
                    }
                    let open = u16::from(self.behaviour.open);
                    self.say(message.port, ControlMessage::PORT_OPEN, open, "");
                }
                _ => {}
            }
        }
    }

    /// Sends a control message; it is lost if the driver has no buffer out.
    fn say(&mut self, port: u32, event: u16, value: u16, text: &str) {
        let message = ControlMessage { port, event, value };
        let mut bytes = message.to_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        let queue = &mut self.queues[usize::from(CONTROL_RECEIVE)];
        if let Some((descriptor, address, length, writable)) = queue.pop() {
            assert!(writable && bytes.len() <= length as usize);
            // SAFETY: the driver's buffer, as long as it says.
            unsafe { address.copy_from(bytes.as_ptr(), bytes.len()) };
            queue.push(descriptor, bytes.len() as u32);
        }
    }

    /// Takes what the driver sends to a port.
    fn carry(&mut self, queue: u16) {
        let ports = 0..self.behaviour.ports.len();
        let port = ports
            .into_iter()
            .find(|&p| transmit_queue(p as u32) == queue);
        let port = port.expect("a transmit queue");
        while !self.behaviour.stalled {
            let Some((descriptor, address, length, _)) = self.queues[usize::from(queue)].pop()
            else {
                break;
            };
            // SAFETY: the driver's buffer, as long as it says.
            let bytes = unsafe { core::slice::from_raw_parts(address, length as usize) };
            self.output[port].extend_from_slice(bytes);
            self.queues[usize::from(queue)].push(descriptor, 0);
        }
    }
}

impl Device for Model {
    fn read8(&mut self, region: Region, offset: usize) -> u8 {
        assert_eq!((region, offset), (Region::Common, common::STATUS));
        self.status
    }

    fn read16(&mut self, region: Region, offset: usize) -> u16 {
        assert_eq!(region, Region::Common);
        match offset {
            common::QUEUE_SIZE => 128,
            common::QUEUE_NOTIFY_OFFSET => self.queue_select,
            _ => panic!("read of {offset:#x}"),
        }
    }

    fn read32(&mut self, region: Region, offset: usize) -> u32 {
        match (region, offset) {
            (Region::Common, common::DEVICE_FEATURE) => {
                self.behaviour.features[self.feature_select as usize]
            }
            (Region::Console, console::PORTS) => self.behaviour.ports.len() as u32,
            _ => panic!("read of {region:?} {offset:#x}"),
        }
    }

    fn write8(&mut self, region: Region, offset: usize, value: u8) {
        assert_eq!((region, offset), (Region::Common, common::STATUS));
        self.status = value;
        if self.behaviour.picky {
            self.status &= !Status::FEATURES_OK.bits();
        }
    }

    fn write16(&mut self, region: Region, offset: usize, value: u16) {
        match (region, offset) {
            (Region::Common, common::QUEUE_SELECT) => self.queue_select = value,
            (Region::Common, common::QUEUE_SIZE) => self.queue().size = value,
            (Region::Common, common::QUEUE_ENABLE) => {
                assert_eq!(self.status & Status::DRIVER_OK.bits(), 0, "too late");
                self.queue().enabled = value == 1;
            }
            (Region::Notify, _) => {
                assert_ne!(self.status & Status::DRIVER_OK.bits(), 0, "too early");
                assert_eq!(offset, usize::from(value) * self.notify_stride());
                self.doorbell(value);
            }
            _ => panic!("write of {region:?} {offset:#x}"),
        }
    }

    fn write32(&mut self, region: Region, offset: usize, value: u32) {
        assert_eq!(region, Region::Common);
        match offset {
            common::DEVICE_FEATURE_SELECT | common::DRIVER_FEATURE_SELECT => {
                self.feature_select = value;
            }
            common::DRIVER_FEATURE => {
                let offered = self.behaviour.features[self.feature_select as usize];
                assert_eq!(value & !offered, 0, "a feature that was not offered");
            }
            common::QUEUE_PARTS.. => {
                let (part, high) = ((offset - common::QUEUE_PARTS) / 8, offset % 8 == 4);
                let shift = if high { 32 } else { 0 };
                self.queue().parts[part] |= u64::from(value) << shift;
            }
            _ => panic!("write of {offset:#x}"),
        }
    }

    fn notify_stride(&self) -> usize {
        4
    }
}

/// A driver, not connected, at its device.
fn driver(behaviour: Behaviour) -> (Port<Model>, Box<Memory>) {
    let port = Port::new(Model::new(behaviour), 0);
    (port, Box::new(Memory::new()))
}

fn connect(behaviour: Behaviour, name: &str) -> Result<(Port<Model>, Box<Memory>), VirtioError> {
    let (mut port, memory) = driver(behaviour);
    port.connect(&memory, name)?;
    Ok((port, memory))
}

fn refusal(behaviour: Behaviour) -> Option<VirtioError> {
    connect(behaviour, "capbench.trace").err()
}

#[test]
fn the_port_is_found_by_its_name_among_others() {
    let (port, _) = connect(Behaviour::default(), "capbench.trace").unwrap();
    assert_eq!(port.id, 2);
    let opened = (2, ControlMessage::PORT_OPEN, 1);
    assert!(port.device.heard.contains(&opened));
    let others = port.device.heard.iter();
    let opens = others.filter(|(_, event, _)| *event == ControlMessage::PORT_OPEN);
    assert_eq!(opens.count(), 1, "other ports are left alone");
}

#[test]
fn bytes_come_out_of_the_port_in_order_whatever_their_length() {
    let (mut port, memory) = connect(Behaviour::default(), "capbench.trace").unwrap();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n * 7 / 8) as u8).collect();
    let (first, second) = bytes.split_at(100);
    port.send(&memory, first).unwrap();
    port.send(&memory, second).unwrap();
    port.send(&memory, &[]).unwrap();
    assert_eq!(port.device.output[2], bytes);
    assert!(port.device.output[1].is_empty());
}

#[test]
fn a_device_without_the_port_is_named_as_such() {
    let behaviour = Behaviour {
        ports: vec![None, Some("capbench")],
        ..Behaviour::default()
    };
    assert_eq!(refusal(behaviour), Some(VirtioError::NoSuchPort));
}

#[test]
fn a_device_that_does_not_answer_is_given_up() {
    let behaviour = Behaviour {
        dead: true,
        ..Behaviour::default()
    };
    assert_eq!(refusal(behaviour), Some(VirtioError::NoAnswer));
}

#[test]
fn a_port_nobody_listens_to_is_refused() {
    let behaviour = Behaviour {
        open: false,
        ..Behaviour::default()
    };
    assert_eq!(refusal(behaviour), Some(VirtioError::PortClosed));
}

#[test]
fn missing_features_are_refused_by_name() {
    let single = Behaviour {
        features: [0, FEATURE_VERSION_1],
        ..Behaviour::default()
    };
    assert_eq!(refusal(single), Some(VirtioError::NoPorts));
    let legacy = Behaviour {
        features: [FEATURE_MULTIPORT, 0],
        ..Behaviour::default()
    };
    assert_eq!(refusal(legacy), Some(VirtioError::NotModern));
    let picky = Behaviour {
        picky: true,
        ..Behaviour::default()
    };
    assert_eq!(refusal(picky), Some(VirtioError::Refused));
}

#[test]
fn a_host_that_stops_reading_stalls_the_send_and_not_the_kernel() {
    let (mut port, memory) = connect(Behaviour::default(), "capbench.trace").unwrap();
    port.device.behaviour.stalled = true;
    assert_eq!(port.send(&memory, b"one"), Err(TransportError::Stalled));
    // The buffer is still with the device: nothing is written over it.
    assert_eq!(port.send(&memory, b"two"), Err(TransportError::Stalled));
    port.device.behaviour.stalled = false;
    port.device.doorbell(transmit_queue(2));
    port.send(&memory, b"three").unwrap();
    assert_eq!(port.device.output[2], b"onethree");
}

#[test]
fn a_host_that_hangs_up_is_noticed() {
    let (mut port, memory) = connect(Behaviour::default(), "capbench.trace").unwrap();
    port.device.say(2, ControlMessage::PORT_OPEN, 0, "");
    let lost = Err(TransportError::NotConnected);
    assert_eq!(port.send(&memory, b"into the void"), lost);
    port.device.say(2, ControlMessage::PORT_OPEN, 1, "");
    port.send(&memory, b"back").unwrap();
    assert_eq!(port.device.output[2], b"back");
}

#[test]
fn as_many_greetings_as_a_device_can_send_at_once_find_a_buffer() {
    let mut ports = vec![None; 6];
    ports.push(Some("capbench.trace"));
    let behaviour = Behaviour {
        ports,
        ..Behaviour::default()
    };
    assert_eq!(connect(behaviour, "capbench.trace").unwrap().0.id, 6);
}

#[test]
fn a_long_port_name_does_not_upset_the_driver() {
    let long: &'static str = String::leak("n".repeat(80));
    let behaviour = Behaviour {
        ports: vec![None, Some(long), Some("capbench.trace")],
        ..Behaviour::default()
    };
    assert_eq!(connect(behaviour, "capbench.trace").unwrap().0.id, 2);
}

#[test]
fn queue_numbers_follow_the_standard() {
    let queues: Vec<u16> = (0..4).map(transmit_queue).collect();
    assert_eq!(queues, [1, 5, 7, 9]);
}

#[test]
fn a_driver_that_is_not_connected_says_so() {
    let mut console = Box::new(VirtioConsole::new());
    assert_eq!(console.send(b"early"), Err(TransportError::NotConnected));
}
