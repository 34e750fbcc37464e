import re

import matplotlib as mpl
import pytest
from PIL import Image

from epsilon_research.plotting import FigureSettings, read_points
from epsilon_research.plotting.scatter import score_against_parameters
from epsilon_research.plotting.style import figure_style, label_panels, new_panels, save_figure


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column_width": 1.0}, "plotting.column_width must be a finite number of at least 2"),
        (
            {"column_width": 8.0},
            "plotting.page_width must be a finite number of at least 8",
        ),
        ({"formats": ["gif"]}, "plotting.formats must be a list of png, pdf, svg, got"),
        ({"formats": []}, "plotting.formats must be"),
        ({"formats": "png"}, "plotting.formats must be"),
        ({"dpi": 0}, "plotting.dpi must be an integer from 1 to 1200, got 0"),
        ({"dpi": True}, "plotting.dpi must be an integer from 1 to 1200, got True"),
    ],
)
def test_settings_that_make_no_figure_are_refused(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        FigureSettings(**changes)


def test_widths_formats_and_resolution_are_those_of_the_settings(tmp_path):
    settings = FigureSettings(column_width=3, page_width=6, formats=["svg", "png"], dpi=50)
    for number, width in ((1, 150), (3, 300)):
        with figure_style(settings):
            figure, _ = new_panels(number, height=2)
            vector, picture = save_figure(figure, folder=tmp_path, name="a")
        assert [vector.name, picture.name] == ["a.svg", "a.png"]
        with Image.open(picture) as image:
            assert image.size == (width, 100)


def test_equal_figures_are_equal_files_whatever_the_users_settings(frame, tmp_path):
    settings = FigureSettings(formats=["png", "pdf", "svg"], dpi=60)
    points = read_points(frame, metric="epsilon", target=None)

    def contents(name):
        with figure_style(settings):
            figure = score_against_parameters(points)
            written = save_figure(figure, folder=tmp_path, name=name)
        return [path.read_bytes() for path in written]

    first = contents("a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "pdf.fonttype": 3}):
        assert contents("b") == first
        assert mpl.rcParams["font.size"] == 30


def test_a_style_sheet_is_applied_over_the_projects_style(tmp_path):
    sheet = tmp_path / "large.mplstyle"
    sheet.write_text("font.size: 12")
    with figure_style():
        ours = dict(mpl.rcParams)
    with figure_style(FigureSettings(style=str(sheet))):
        assert mpl.rcParams["font.size"] == 12
        assert mpl.rcParams["pdf.fonttype"] == ours["pdf.fonttype"] == 42
    with (
        pytest.raises(ValueError, match=r"plotting.style must be the path .* got 'https://a"),
        figure_style(FigureSettings(style="https://a.org/b.mplstyle")),
    ):
        pass


def test_several_panels_have_letters_and_a_single_one_has_none():
    _, panels = new_panels(28, height=9, columns=7)
    panels[1].set_title("second", loc="left")
    label_panels(panels)
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles[:3] == ["(a)", "(b) second", "(c)"]
    assert titles[25:] == ["(z)", "(aa)", "(bb)"]
    _, panels = new_panels(1, height=2)
    label_panels(panels)
    assert panels[0].get_title(loc="left") == ""


def test_a_long_title_stays_within_a_narrow_figure_and_above_its_panel(tmp_path):
    with figure_style():
        title = "NAS-Bench-201, 256 images of random_normal, weights 10⁻⁷ and 1"
        figure, (axes,) = new_panels(1, height=2)
        save_figure(figure, folder=tmp_path, name="a", title=title)
        figure.draw_without_rendering()
    assert figure.get_suptitle() == title
    words = figure.texts[0].get_window_extent()
    assert figure.bbox.x0 <= words.x0 < words.x1 <= figure.bbox.x1
    assert words.y0 >= axes.get_window_extent().y1


def test_a_title_stands_before_what_a_figure_says_itself(tmp_path):
    figure, _ = new_panels(1, height=2)
    figure.suptitle("n = 3")
    save_figure(figure, folder=tmp_path, name="a", title="Toy")
    assert figure.get_suptitle() == "Toy, n = 3"
