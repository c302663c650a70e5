{# What neurons do that spike, in the order in which they are listed; each draws from the stream of its block. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    const int32_t* const _events = {{_eventspace}};
    const int32_t _n_events = _events[_num{{eventspace_variable.name}} - 1];
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for (int32_t _k = 0; _k < _n_events; _k++)
    {
        const size_t _idx = _events[_k];
        const size_t _vectorisation_idx = _idx;
        {% if uses_random %}
        draw_from(_a.stream_of(_idx));
        {% endif %}
        {{vector_code|autoindent}}
    }
{% endblock %}
