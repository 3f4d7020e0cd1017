//! The PNG form.

use super::canvas::Area;
use super::{Plot, PlotError, WIDTH, font, palette};
use plotters::backend::BitMapBackend;
use plotters::drawing::IntoDrawingArea;

/// Physical pixels per logical one.
const SCALE: u32 = 2;

/// Pixels are centred on a font's full height, with accents that our text has not.
const TEXT_SITS_HIGH: f64 = 2.0;

/// Red, green, blue.
const CHANNELS: usize = 3;

pub(super) fn render(plot: &Plot) -> Result<Vec<u8>, PlotError> {
    font::register()?;
    let size = (WIDTH * SCALE, plot.height * SCALE);
    let mut pixels = vec![0; CHANNELS * (size.0 * size.1) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        area.fill(&palette::PAPER).map_err(PlotError::new)?;
        let canvas = Area {
            area: &area,
            scale: SCALE.into(),
            sink: TEXT_SITS_HIGH,
        };
        plot.draw(&canvas)?;
        area.present().map_err(PlotError::new)?;
    }
    encode(&pixels, size, &plot.title)
}

fn encode(pixels: &[u8], size: (u32, u32), title: &str) -> Result<Vec<u8>, PlotError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .add_itxt_chunk("Title".to_owned(), title.to_owned())
        .map_err(PlotError::new)?;
    let mut writer = encoder.write_header().map_err(PlotError::new)?;
    writer.write_image_data(pixels).map_err(PlotError::new)?;
    writer.finish().map_err(PlotError::new)?;
    Ok(bytes)
}
