{# The effect of the spikes that are due, in the order in which they were pushed. A span is consecutive in the order of the pathway. #}
{# Copies of a network share synapses: a span says how far the variables of its targets are shifted. #}
{# USES_VARIABLES { _synaptic_pre } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int32_t* const _order = _a.pathway->order();
    {% for kind, name in target_arrays %}
    {{kind}}* const _first{{name}} = {{name}};
    {% endfor %}
    for (const Span& _span : _a.pathway->due())
    {
        {% for kind, name in target_arrays %}
        {{kind}}* __restrict const {{name}} = _first{{name}} + _span.shift;
        {% endfor %}
        for (int32_t _k = _span.begin; _k < _span.end; _k++)
        {
            const size_t _idx = _order ? _order[_k] : _k;
            const size_t _vectorisation_idx = _idx;
            {% if uses_random %}
            current_stream = &_a.stream_of_copy(_a.pathway->copy_of(_span, _idx));
            {% endif %}
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
