"""The maps of visited states."""

import re
from xml.etree import ElementTree

import numpy as np

from reporting.figures.drawing.style import drawing, svg_text
from reporting.figures.plots.coverage import FAINTEST, opacity, with_page_colours

SVG = "{http://www.w3.org/2000/svg}"


def test_maps_take_the_colours_of_the_page():
    with drawing(4, 2) as figure:
        for axes in figure.subplots(1, 2):
            axes.imshow(opacity(np.eye(3), 1.0), interpolation="none")
        text = with_page_colours(
            svg_text(figure, "maps", "two maps"), "maps", ["#0072B2", "#123456"]
        )
    root = ElementTree.fromstring(text)
    areas = [area.attrib for area in root.iter(f"{SVG}rect") if "mask" in area.attrib]
    assert [area["style"] for area in areas] == [
        "fill:var(--colour-0072b2, #0072b2)",
        "fill:var(--colour-123456, #123456)",
    ]
    masks = [mask.attrib["id"] for mask in root.iter(f"{SVG}mask")]
    assert [area["mask"] for area in areas] == [f"url(#{mask})" for mask in masks]
    images = list(root.iter(f"{SVG}image"))
    assert len(set(masks)) == len(images) == 2 == len(re.findall("<mask [^>]*><image ", text))
    # The area lies where the image lay, and the mask is in the area's own coordinates.
    for area, image in zip(areas, images, strict=True):
        assert area["width"] == image.attrib["width"] and "matrix" in area["transform"]
        assert "transform" not in image.attrib


def test_a_bin_without_visits_is_transparent_and_one_visit_is_seen():
    image = opacity(np.array([[0.0, 1.0], [1000.0, 0.0]]), 1000.0)
    assert image[..., 3].tolist() == [[0.0, 1.0], [image[1, 0, 3], 0.0]]
    assert FAINTEST < image[1, 0, 3] < 0.3
    assert (image[..., :3] == 1.0).all()
