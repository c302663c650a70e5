{# One step of all neurons or synapses. Random numbers come from a stream per block of neurons, so that no block shifts another. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}

{# A compiler gives up comparing where so many arrays lie; it is told that no neuron touches what is another's. #}
{% macro apart() %}
{% if independent %}
#pragma GCC ivdep
{% endif %}
{% endmacro %}

{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int _N = {{constant_or_scalar('N', variables['N'])}};
    {% if uses_random %}
    for (Blocks _part(_a, _N); _part.next();)
    {
        {% include 'drawn.cpp' %}
        {{apart()}}
        for (int _idx = _part.begin; _idx < _part.end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
    {% else %}
    {{apart()}}
    for (int _idx = 0; _idx < _N; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
    {% endif %}
{% endblock %}
