{# Numbers that the neurons of a block draw, before any is used: so the loop over the neurons is one of vectors. #}
const int _first = _part.begin;
{% for kind in drawn %}
alignas(64) {{real if kind == "normals" else "double"}} _drawn_{{loop.index0}}[BLOCK];
fill_{{kind}}(*_part.lanes, _drawn_{{loop.index0}}, _part.end - _first);
{% endfor %}
