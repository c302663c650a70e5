{# The effect of the spikes that are due, in the order in which they were pushed. A span is consecutive in the order of the pathway. #}
{# Copies of a network share synapses: a span says how far the variables of its targets are shifted. #}
{# Where the targets of every span are consecutive neurons, they are counted instead of read. #}
{# Four spikes that reach the same neurons add to each while it is at hand, one after the other as they would row by row. #}
{# Where functions are called, synapses are computed in lanes, which a compiler turns into vectors. #}
{# Rows of synapses lie far apart: what the next span reads is fetched from memory while the present one is worked on. #}
{# USES_VARIABLES { _synaptic_pre } #}
{% extends 'common_group.cpp' %}

{% macro fetch() %}
{% if streams %}
if (const int32_t _later = _next.begin + _begin - _span.begin; _later < _next.end)
{
    {% for name in streams %}
    fetch_lanes({{name}} + _later);
    {% endfor %}
}
{% endif %}
{% endmacro %}

{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int32_t* const _order = _a.pathway->order();
    {% if consecutive %}
    const int32_t* const _targets = _a.at<int32_t>({{consecutive.slot}});
    const bool _consecutive = _a.pathway->is_consecutive(_targets);
    {% endif %}
    {% for kind, name in target_arrays %}
    {{kind}}* const _first{{name}} = {{name}};
    {% endfor %}
    const std::vector<Span>& _due = _a.pathway->due();
    for (size_t _s = 0; _s < _due.size(); _s++)
    {
        const Span _span = _due[_s], _next = _s + 1 < _due.size() && !_order ? _due[_s + 1] : Span{0, 0, 0};
        {% for kind, name in target_arrays %}
        {{kind}}* __restrict const {{name}} = _first{{name}} + _span.shift;
        {% endfor %}
        {% if lanes %}
        for (int32_t _begin = _span.begin; _begin < _span.end; _begin += LANES)
        {
            {{fetch()|autoindent}}
            const int _n = std::min(_span.end - _begin, LANES);
            size_t _places[LANES];
            {{lanes.declared|autoindent}}
            for (int _lane = 0; _lane < LANES; _lane++)
            {
                const int32_t _k = _begin + std::min(_lane, _n - 1);
                const size_t _idx = _places[_lane] = _order ? _order[_k] : _k;
                {{lanes.read|autoindent}}
            }
            for (int _lane = 0; _lane < LANES; _lane++)
            {
                const size_t _idx = _places[_lane], _vectorisation_idx = _idx;
                {{lanes.computed|autoindent}}
            }
            for (int _lane = 0; _lane < _n; _lane++)
            {
                const size_t _idx = _places[_lane];
                {{lanes.written|autoindent}}
            }
        }
        {% else %}
        {% if consecutive %}
        if (_consecutive)
        {
            const int32_t _target = _targets[_span.begin], _n = _span.end - _span.begin;
            {% if consecutive.together %}
            if (are_together(_due, _s, _targets))
            {
                {% for row in range(4) %}
                const size_t _begin_{{row}} = _due[_s + {{row}}].begin;
                {% endfor %}
                for (int32_t _k = 0; _k < _n; _k++)
                {
                    const int32_t _postsynaptic_idx = _target + _k;
                    {% for row in range(4) %}
                    {
                        const size_t _idx = _begin_{{row}} + _k, _vectorisation_idx = _idx;
                        {{consecutive.inside|autoindent}}
                    }
                    {% endfor %}
                }
                _s += 3;
                continue;
            }
            {% endif %}
            for (int32_t _k = 0; _k < _n; _k++)
            {
                const int32_t _postsynaptic_idx = _target + _k;
                const size_t _idx = _span.begin + _k, _vectorisation_idx = _idx;
                {{consecutive.inside|autoindent}}
            }
            continue;
        }
        {% endif %}
        for (int32_t _begin = _span.begin; _begin < _span.end; _begin += LANES)
        {
            {{fetch()|autoindent}}
            const int32_t _end = std::min(_begin + LANES, _span.end);
            for (int32_t _k = _begin; _k < _end; _k++)
            {
                const size_t _idx = _order ? _order[_k] : _k;
                const size_t _vectorisation_idx = _idx;
                {% if uses_random %}
                draw_from(_a.stream_of_copy(_a.pathway->copy_of(_span, _idx)));
                {% endif %}
                {{vector_code|autoindent}}
            }
        }
        {% endif %}
    }
{% endblock %}
