//! The SVG form.

use super::canvas::Area;
use super::{Plot, PlotError, WIDTH, font};
use capbench_results::plain;
use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;

pub(super) fn render(plot: &Plot) -> Result<String, PlotError> {
    font::register()?;
    let mut text = String::new();
    {
        let backend = SVGBackend::with_string(&mut text, (WIDTH, plot.height));
        let area = backend.into_drawing_area();
        let canvas = Area {
            area: &area,
            scale: 1.0,
            sink: 0.0,
        };
        plot.draw(&canvas)?;
        area.present().map_err(PlotError::new)?;
    }
    described(&text, plot)
}

/// The same with its meaning in words, which screen readers tell.
fn described(svg: &str, plot: &Plot) -> Result<String, PlotError> {
    let broken = || PlotError::new("the drawing has no root");
    let (_, inside) = svg.split_once('>').ok_or_else(broken)?;
    let Plot {
        name,
        title,
        description,
        height,
        ..
    } = plot;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"{name}-title {name}-description\">\n\
         <title id=\"{name}-title\">{}</title>\n\
         <desc id=\"{name}-description\">{}</desc>{inside}",
        escaped(&plain(title)),
        escaped(&plain(description))
    ))
}

fn escaped(text: &str) -> String {
    maud::html! { (text) }.into_string()
}
